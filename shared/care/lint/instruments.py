"""Rules about the codes of instruments: each for what it is, and none left out that keeps safe."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Final

import msgspec

from shared.care.instruments.registry import INSTRUMENTS
from shared.care.instruments.score import LOINC
from shared.care.lint.answers import of_observation, of_response
from shared.care.lint.codes import codings
from shared.care.lint.forms import holds, is_of, is_shortened, items, loinc_codes, plain, value_of
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
_NUMBERS: Final = frozenset({"integer", "decimal", "quantity"})
_NO_ANSWER: Final = "has no answer."


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


def _panel_as_score(resource: JsonObject, given: Given) -> Iterator[Defect]:
    is_form = resource["resourceType"] in _FORMS
    for place, codes in _asked(resource, given) if is_form else _valued(resource):
        for code in sorted(codes & _PANELS.keys()):
            yield Defect(place, _instead_of(_PANELS[code]))


def _asked(resource: JsonObject, given: Given) -> Iterator[tuple[str, set[str]]]:
    """Yield the items of a form that take a number or have an answer, which no panel has."""
    for item in items(resource, given):
        if item.element.get("answer") or item.element.get("type") in _NUMBERS:
            yield item.place, {item.code}


def _valued(resource: JsonObject) -> Iterator[tuple[str, set[str]]]:
    """Yield the codes that a resource gives a value or a target to."""
    if resource["resourceType"] == "Goal":
        for index, target in enumerate(resource.get("target", ())):
            if value_of(target, "detail"):
                yield f"Goal.target[{index}].measure", loinc_codes(target.get("measure", {}))
        return
    if value_of(resource):
        yield "Observation.code", loinc_codes(resource.get("code", {}))
    for index, part in enumerate(resource.get("component", ())):
        if value_of(part):
            yield f"Observation.component[{index}].code", loinc_codes(part.get("code", {}))


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
            if each.code == code and plain(each.instrument) in named:
                told = f"{code} {each.told}; for the {each.instrument} it is {each.right}."
                yield Defect(place, told)


def _names(resource: JsonObject, given: Given) -> str:
    """Give what a resource says that it is, without spaces and hyphens."""
    if resource["resourceType"] in _FORMS:
        instrument = is_of(resource, items(resource, given))
        return "" if instrument is None else plain(instrument.title)
    concepts = [part.get("code", {}) for part in (resource, *resource.get("component", ()))]
    told = [concept.get("text", "") for concept in concepts]
    told += [each.get("display", "") for concept in concepts for each in concept.get("coding", ())]
    for source in filter(None, map(given.referred, resource.get("derivedFrom", ()))):
        if source["resourceType"] in _FORMS:
            told.append(_names(source, given))
    return plain(" ".join(told))


def _safety(resource: JsonObject, given: Given) -> Iterator[Defect]:
    kind = resource["resourceType"]
    found, codes = _answered(resource, given)
    if is_shortened(_said(resource)):
        return
    for instrument in INSTRUMENTS:
        screening = instrument.screening
        if screening is None or not (instrument is found or holds(instrument, codes)):
            continue
        if screening.item in codes:
            continue
        if kind == "Questionnaire":
            told = f"The {instrument.title} has the item {screening.item}, about self-harm."
        else:
            told = f"Item {screening.item} of the {instrument.title}, about self-harm, {_NO_ANSWER}"
        yield Defect(f"{kind}.item" if kind in _FORMS else kind, told)


def _answered(resource: JsonObject, given: Given) -> tuple[Instrument | None, set[str]]:
    """Give the instrument that a form is, and the items that are asked there, or answered."""
    if resource["resourceType"] == "Observation":
        told = of_observation(resource, given)
        # Parts of it that were not given may be what is missing; a total may be of some of them.
        is_panel = bool(loinc_codes(resource.get("code", {})) & _PANELS.keys())
        return None, told.codes if told.whole and is_panel else set()
    found = items(resource, given)
    if resource["resourceType"] == "Questionnaire":
        return is_of(resource, found), {each.code for each in found}
    if resource.get("status") not in _DONE:
        return None, set()
    return is_of(resource, found), of_response(resource, given).codes


def _said(resource: JsonObject) -> str:
    """Give the names by which a resource says what it is."""
    code = resource.get("code", {})
    concept = code if isinstance(code, dict) else {"coding": code}
    names = [resource.get(each, "") for each in ("title", "name", "url", "questionnaire")]
    names += [concept.get("text", ""), *(e.get("display", "") for e in concept.get("coding", ()))]
    return " ".join(map(str, names))


RULES: Final = (
    Rule(
        "panel-as-score",
        "A panel's code is not given a value.",
        "The score has a code of its own, under which everybody looks for it.",
        _panel_as_score,
        _FORMS | {"Observation", "Goal"},
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
        _FORMS | {"Observation"},
    ),
)
