"""Which instrument a Questionnaire or its answers are, and what was answered to which item."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from shared.care.canonical import code_system
from shared.care.instruments.registry import INSTRUMENTS, instrument_of, score_of
from shared.care.instruments.score import LOINC

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shared.care.instruments.instrument import Instrument
    from shared.care.lint.rule import Given
    from shared.fhir.reader import JsonObject


# So much of the items of either must be common to both.
_LIKE: Final = 0.5
_SYSTEMS: Final = frozenset({LOINC, code_system("measure"), code_system("instrument-item")})
# The PHQ-8 is the PHQ-9 for studies in which nobody could see to who is at risk.
_SHORTENED: Final = ("phq8",)


class Item(NamedTuple):
    """An item of a form: where it stands, its code, how deep (1 is the top), and the element."""

    place: str
    code: str
    depth: int
    element: JsonObject


def items(form: JsonObject, given: Given) -> list[Item]:
    """List the items of a Questionnaire or of its answers by their codes."""
    asked = form
    if form["resourceType"] == "QuestionnaireResponse":
        asked = given.questionnaire(str(form.get("questionnaire"))) or {}
    codes = dict(_codes(asked))
    return list(_items(form, form["resourceType"], 1, codes))


def is_of(form: JsonObject, found: list[Item]) -> Instrument | None:
    """Tell which instrument a form is, by its canonical, its panel, most items or its total."""
    if known := instrument_of(str(form.get("questionnaire", form.get("url", "")))):
        return known
    panels = loinc_codes({"coding": form.get("code", [])})
    codes = {item.code for item in found}
    for instrument in INSTRUMENTS:
        if instrument.panel in panels:
            return instrument
    best = max(INSTRUMENTS, key=lambda each: _likeness(each, codes))
    if _likeness(best, codes) > _LIKE:
        return best
    return next((known[0] for known in map(score_of, sorted(codes)) if known), None)


def holds(instrument: Instrument, codes: set[str]) -> bool:
    """Tell whether most of what an instrument counts is among the codes of items."""
    return is_most(codes, {item for score in instrument.scores for item in score.items})


def is_most(codes: set[str], counted: set[str]) -> bool:
    """Tell whether most of what is counted is among the codes of items."""
    return len(counted & codes) > len(counted) * _LIKE


def is_shortened(named: str) -> bool:
    """Tell whether something says that it is a form which leaves an item out on purpose."""
    plain_name = plain(named)
    return any(each in plain_name for each in _SHORTENED)


def plain(text: str) -> str:
    """Give a name without spaces and hyphens."""
    return "".join(each for each in text.casefold() if each.isalnum())


def own_codes(concept: JsonObject) -> set[str]:
    """List the codes of a concept that a score or an item may have: LOINC's and ours."""
    return {
        each["code"]
        for each in concept.get("coding", ())
        if each.get("system") in _SYSTEMS and "code" in each
    }


def loinc_codes(concept: JsonObject) -> set[str]:
    """List the LOINC codes of a concept."""
    return {
        each["code"]
        for each in concept.get("coding", ())
        if each.get("system") == LOINC and "code" in each
    }


def value_of(element: JsonObject, prefix: str = "value") -> tuple[str, Any] | None:
    """Give the name of an element's value[x], and the value."""
    return next(((name, value) for name, value in element.items() if name.startswith(prefix)), None)


def number_of(value: tuple[str, Any] | None) -> Decimal | None:
    """Give the number of a value[x]; None where it is none."""
    match value:
        case ("valueQuantity", dict(quantity)):
            number = quantity.get("value")
        case (("valueInteger" | "valueDecimal"), number):
            pass
        case _:
            return None
    return None if number is None or isinstance(number, str) else Decimal(str(number))


def _likeness(instrument: Instrument, codes: set[str]) -> float:
    verified = {item.code for item in instrument.items if item.system == LOINC}
    own = verified or {item.code for item in instrument.items}
    known = own | {score.code for score in instrument.scores}
    return len(own & codes) / len(known | codes) if own else 0.0


def _codes(questionnaire: JsonObject) -> Iterator[tuple[str, str]]:
    for item in questionnaire.get("item", ()):
        for code in sorted(own_codes({"coding": item.get("code", [])})):
            yield str(item.get("linkId")), code
        yield from _codes(item)


def _items(parent: JsonObject, path: str, depth: int, codes: Mapping[str, str]) -> Iterator[Item]:
    for index, element in enumerate(parent.get("item", ())):
        place, link = f"{path}.item[{index}]", str(element.get("linkId"))
        # US Core writes "/44250-9", and forms made of LOINC panels "/44249-1/44250-9".
        yield Item(place, codes.get(link, link.rpartition("/")[2]), depth, element)
        yield from _items(element, place, depth + 1, codes)
        for number, answer in enumerate(element.get("answer", ())):
            yield from _items(answer, f"{place}.answer[{number}]", depth + 1, codes)
