"""A user's own copy of an instrument whose wording is not carried: if it fits, how it is kept.

It stands under the instrument's canonical, beside the Questionnaire of topics, and says by whom the
licence is held.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.care.canonical import profile
from shared.care.instruments.instrument import OWN_COPY
from shared.care.instruments.registry import INSTRUMENTS, instrument_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.care.instruments.instrument import Instrument
    from shared.fhir.reader import JsonObject

LICENCE_HELD: Final = profile("licence-held")
UNWORDED: Final = tuple(each for each in INSTRUMENTS if each.wording != "carried")


def licence_held(questionnaire: JsonObject) -> str | None:
    """Give the statement of the licence under which a copy was loaded; None where it is none."""
    for each in questionnaire.get("extension", ()):
        if each.get("url") == LICENCE_HELD:
            statement: str | None = each.get("valueString")
            return statement
    return None


def instrument_meant(questionnaire: JsonObject) -> Instrument | None:
    """Find the instrument of a copy: by its canonical, else by the items it asks."""
    named = instrument_of(questionnaire.get("url"))
    if named in UNWORDED:
        return named
    asked = {_code(item) for item, _ in _items(questionnaire, "")}
    return next((each for each in UNWORDED if asked & set(each.by_code)), None)


def misfits(instrument: Instrument, questionnaire: JsonObject) -> tuple[str, ...]:
    """Say all in which a copy differs from what is scored: each with its place."""
    found = [each for each in _items(questionnaire, "Questionnaire") if _is_question(each[0])]
    codes = [_code(item) for item, _ in found]
    lacking = [code for code in instrument.by_code if code not in codes]
    return (
        *(f"Questionnaire.item: there is no item with linkId {code}." for code in lacking),
        *(f"{place}: linkId {item.get('linkId')} comes twice." for item, place in _again(found)),
        *(told for item, place in found for told in _item_misfits(instrument, item, place)),
    )


def own_copy(instrument: Instrument, questionnaire: JsonObject, licence: str) -> JsonObject:
    """Make what is stored of a copy that fits; saying who holds the licence."""
    others = [each for each in questionnaire.get("extension", ()) if each["url"] != LICENCE_HELD]
    notices = (questionnaire.get("copyright"), instrument.attribution, f"Licence held: {licence}.")
    canonical, url = instrument.questionnaires[0], questionnaire.get("url")
    derived = {} if url in {None, canonical} else {"derivedFrom": [url]}
    return {
        **questionnaire,
        "id": f"{instrument.name}{OWN_COPY}",
        "url": canonical,
        "version": f"{instrument.version}{OWN_COPY}",
        "status": "active",
        **derived,
        "copyright": " ".join(each for each in notices if each),
        "extension": [*others, {"url": LICENCE_HELD, "valueString": licence}],
    }


def _items(parent: JsonObject, path: str) -> Iterator[tuple[JsonObject, str]]:
    for number, item in enumerate(parent.get("item", ())):
        place = f"{path}.item[{number}]"
        yield item, place
        yield from _items(item, place)


def _again(found: list[tuple[JsonObject, str]]) -> Iterator[tuple[JsonObject, str]]:
    seen: set[str] = set()
    for item, place in found:
        if _code(item) in seen:
            yield item, place
        seen.add(_code(item))


def _is_question(item: JsonObject) -> bool:
    return item.get("type") not in {"display", "group"}


def _code(item: JsonObject) -> str:
    return str(item.get("linkId", "")).rpartition("/")[2]


def _item_misfits(instrument: Instrument, item: JsonObject, place: str) -> Iterator[str]:
    known = instrument.by_code.get(_code(item))
    if known is None:
        yield f"{place}: {instrument.title} has no item {item.get('linkId')}."
        return
    codes = {(each.get("system"), each.get("code")) for each in item.get("code", ())}
    if codes and (known.system, known.code) not in codes:
        yield f"{place}.code: this is not {known.system}|{known.code}."
    # The Questionnaire that is published has topics of ours in the place of the wording.
    if str(item.get("text", "")).strip() in {"", known.topic, f"Topic: {known.topic}"}:
        yield f"{place}.text: the wording is missing."
    if instrument.is_counted(known.code):
        if item.get("type") != "integer" or item.get("repeats"):
            yield f"{place}.type: days are counted, so it is an integer that does not repeat."
        return
    if item.get("type") != "choice" or item.get("repeats"):
        yield f"{place}.type: one answer is chosen, so it is a choice that does not repeat."
    offered = [each.get("valueCoding", {}) for each in item.get("answerOption", ())]
    options = {(each.system, each.code) for each in instrument.options_of(known.code)}
    if {(each.get("system"), each.get("code")) for each in offered} != options:
        told = ", ".join(sorted(f"{system}|{code}" for system, code in options))
        yield f"{place}.answerOption: the answers are not {told}."
