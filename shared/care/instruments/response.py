"""The answers of a QuestionnaireResponse to an instrument, wherever its groups nest them.

https://hl7.org/fhir/R4/questionnaireresponse.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.fhir.errors import Issue

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shared.care.instruments.instrument import Instrument, Option
    from shared.fhir.reader import JsonObject


@dataclass(frozen=True, slots=True)
class Answers:
    """What was answered, by the codes of items, and all that is wrong with other answers.

    `unscored` are the reasons why some answers count nothing.
    """

    values: Mapping[str, int]
    issues: tuple[Issue, ...]
    unscored: tuple[str, ...] = ()


def answers(instrument: Instrument, response: JsonObject) -> Answers:
    """Read the answers; an item without one is simply not there."""
    values: dict[str, int] = {}
    issues: list[Issue] = []
    unscored: list[str] = []
    totals = {score.code for score in instrument.scores}
    for place, item in _answered(response, "QuestionnaireResponse"):
        # US Core writes "/44250-9", and forms made of LOINC panels "/44249-1/44250-9".
        code = str(item.get("linkId")).rpartition("/")[2]
        if code in instrument.unscored:
            unscored.append(instrument.unscored[code])
            continue
        found = None if code in totals else _value(instrument, code, item["answer"])
        if isinstance(found, int) and code not in values:
            values[code] = found
        elif found is not None:
            told = f"Item {code} is answered twice." if isinstance(found, int) else found
            issues.append(Issue("error", "business-rule", told, place))
    return Answers(values, tuple(issues), tuple(unscored))


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
    for option in options:
        if _is_chosen(option, given[0]):
            return option.value
    return f"Item {code} of {instrument.title} is answered by {_told(options)}."


def _is_chosen(option: Option, answer: JsonObject) -> bool:
    number = answer.get("valueInteger")
    if option.numbers is not None and number is not None:
        lowest, highest = option.numbers
        return bool(lowest <= number <= highest)
    coding = answer.get("valueCoding", {})
    return (coding.get("system"), coding.get("code")) == (option.system, option.code)


def _told(options: tuple[Option, ...]) -> str:
    codes = " or ".join(f"{each.system}|{each.code} ({each.display})" for each in options)
    numbers = [number for option in options for number in option.numbers or ()]
    counted = f"a valueInteger from {min(numbers)} to {max(numbers)}, or " if numbers else ""
    return f"{counted}a valueCoding of {codes}"
