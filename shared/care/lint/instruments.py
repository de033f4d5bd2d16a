"""Rules about the codes of instruments: each for what it is, and none left out that keeps safe."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Final

import msgspec

from shared.care.instruments.registry import INSTRUMENTS
from shared.care.instruments.score import LOINC
from shared.care.lint.codes import codings
from shared.care.lint.forms import is_of, items, loinc_codes, value_of
from shared.care.lint.rule import Defect, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.care.instruments.instrument import Instrument
    from shared.care.lint.rule import Given
    from shared.fhir.reader import JsonObject

_FORMS: Final = frozenset({"Questionnaire", "QuestionnaireResponse"})
_PANELS: Final = {each.panel: each for each in INSTRUMENTS if each.panel}
# Answers that somebody still works on may lack anything.
_DONE: Final = frozenset({"completed", "amended"})


class Misused(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A code that is mistaken for the right one of an instrument, and what it is."""

    code: str
    instrument: str
    right: str
    told: str


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: str
    source: str
    codes: tuple[Misused, ...]


_MISUSED: Final = msgspec.json.decode(
    (files(__package__) / "misused_codes.json").read_bytes(), type=_Table
).codes


def _panel_as_score(resource: JsonObject, _: Given) -> Iterator[Defect]:
    for place, part in _valued(resource):
        for code in sorted(loinc_codes(part) & _PANELS.keys()):
            yield Defect(place, _instead_of(_PANELS[code]))


def _valued(resource: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    """Yield the codes that a resource gives a value or a target to."""
    if resource["resourceType"] == "Goal":
        for index, target in enumerate(resource.get("target", ())):
            if value_of(target, "detail"):
                yield f"Goal.target[{index}].measure", target.get("measure", {})
        return
    if value_of(resource):
        yield "Observation.code", resource.get("code", {})
    for index, part in enumerate(resource.get("component", ())):
        if value_of(part):
            yield f"Observation.component[{index}].code", part.get("code", {})


def _instead_of(instrument: Instrument) -> str:
    codes = " or ".join(f"{each.code} ({each.display})" for each in instrument.scores)
    told = f"{instrument.panel} is the panel of the {instrument.title}, which has no value"
    return f"{told}; its score is {codes}." if codes else f"{told}."


def _wrong_code(resource: JsonObject, given: Given) -> Iterator[Defect]:
    named = _names(resource, given)
    seen = {
        place: code
        for place, system, code in codings(resource, resource["resourceType"])
        if system == LOINC
    }
    if resource["resourceType"] == "QuestionnaireResponse":
        seen = {f"{item.place}.linkId": item.code for item in items(resource, given)}
    for place, code in seen.items():
        for each in _MISUSED:
            if each.code == code and _plain(each.instrument) in named:
                told = f"{code} {each.told}; for the {each.instrument} it is {each.right}."
                yield Defect(place, told)


def _names(resource: JsonObject, given: Given) -> str:
    """Give what a resource says that it is, without spaces and hyphens."""
    if resource["resourceType"] in _FORMS:
        instrument = is_of(resource, items(resource, given))
        return "" if instrument is None else _plain(instrument.title)
    concepts = [part.get("code", {}) for part in (resource, *resource.get("component", ()))]
    told = [concept.get("text", "") for concept in concepts]
    told += [each.get("display", "") for concept in concepts for each in concept.get("coding", ())]
    for source in filter(None, map(given.referred, resource.get("derivedFrom", ()))):
        if source["resourceType"] in _FORMS:
            told.append(_names(source, given))
    return _plain(" ".join(told))


def _plain(text: str) -> str:
    return "".join(each for each in text.casefold() if each.isalnum())


def _safety(resource: JsonObject, given: Given) -> Iterator[Defect]:
    found = items(resource, given)
    instrument = is_of(resource, found)
    if instrument is None or instrument.screening is None:
        return
    item = instrument.screening.item
    if resource["resourceType"] == "Questionnaire":
        if all(each.code != item for each in found):
            told = f"The {instrument.title} has the item {item}, which asks about self-harm."
            yield Defect("Questionnaire.item", told)
    elif resource.get("status") in _DONE and not any(
        each.code == item and each.element.get("answer") for each in found
    ):
        told = f"Item {item} of the {instrument.title}, about self-harm, has no answer."
        yield Defect("QuestionnaireResponse.item", told)


RULES: Final = (
    Rule(
        "panel-as-score",
        "A panel's code is not given a value.",
        "The score has a code of its own, under which everybody looks for it.",
        _panel_as_score,
        frozenset({"Observation", "Goal"}),
    ),
    Rule(
        "wrong-instrument-code",
        "An instrument is told by its own codes.",
        "Under another's code a number is read by another's cut-points.",
        _wrong_code,
        _FORMS | {"Observation"},
    ),
    Rule(
        "safety-item-missing",
        "The item that asks about self-harm is there, and is answered.",
        "What nobody asked is not a no: the person at risk is the one who is missed.",
        _safety,
        _FORMS,
    ),
)
