"""The answers of a QuestionnaireResponse to an instrument, wherever its groups nest them.

https://hl7.org/fhir/R4/questionnaireresponse.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.care.instruments.instrument import LOINC
from shared.fhir.errors import Issue

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shared.care.instruments.instrument import Instrument, Option
    from shared.fhir.reader import JsonObject


@dataclass(frozen=True, slots=True)
class Answers:
    """What was answered, by the codes of items, and all that is wrong with other answers."""

    values: Mapping[str, int]
    issues: tuple[Issue, ...]


def answers(instrument: Instrument, response: JsonObject) -> Answers:
    """Read the answers; an item without one is simply not there."""
    values: dict[str, int] = {}
    issues: list[Issue] = []
    totals = {score.code for score in instrument.scores}
    for place, item in _answered(response, "QuestionnaireResponse"):
        code = str(item.get("linkId")).removeprefix("/")
        found = None if code in totals else _value(instrument, code, item["answer"])
        if isinstance(found, int) and code not in values:
            values[code] = found
        elif found is not None:
            told = f"Item {code} is answered twice." if isinstance(found, int) else found
            issues.append(Issue("error", "business-rule", told, place))
    return Answers(values, tuple(issues))


def _answered(parent: JsonObject, path: str) -> Iterator[tuple[str, JsonObject]]:
    for number, item in enumerate(parent.get("item", ())):
        place = f"{path}.item[{number}]"
        if any(_has_value(answer) for answer in item.get("answer", ())):
            yield place, item
        yield from _answered(item, place)
        for index, answer in enumerate(item.get("answer", ())):
            yield from _answered(answer, f"{place}.answer[{index}]")


def _has_value(answer: JsonObject) -> bool:
    return any(name.startswith("value") for name in answer)


def _value(instrument: Instrument, code: str, given: list[JsonObject]) -> int | str:
    """Give what an answer counts, or say what is wrong with it."""
    item = instrument.by_code.get(code)
    if item is None:
        known = ", ".join(instrument.by_code)
        return f"{instrument.title} has no item {code}; it has {known}."
    options = instrument.options[item.options]
    if len(given) > 1:
        return f"Item {code} of {instrument.title} takes one answer."
    coding = given[0].get("valueCoding", {})
    for option in options:
        if coding.get("system") == LOINC and coding.get("code") == option.code:
            return option.value
    return f"Item {code} of {instrument.title} is answered by a valueCoding of {_told(options)}."


def _told(options: tuple[Option, ...]) -> str:
    return " or ".join(f"{LOINC}|{option.code} ({option.display})" for option in options)
