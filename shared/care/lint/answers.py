"""What was answered to the items of an instrument, in whichever form it is told.

A QuestionnaireResponse has its items; an Observation has components, members, or what it derives
from. An answer may be a coding, a number, or its words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from shared.care.lint.forms import items, number_of, own_codes, value_of
from shared.care.lint.rule import objects

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal

    from shared.care.instruments.instrument import Instrument, Option
    from shared.care.lint.rule import Given
    from shared.fhir.reader import JsonObject

# What an answer is worth, said with it.
_WEIGHTS: Final = ("ordinalValue", "itemWeight")


class Answer(NamedTuple):
    """The code of an item, and its value[x], each of several alternatives."""

    code: str
    values: Sequence[tuple[str, Any]]


class Told(NamedTuple):
    """All answers that are told in one place; `whole` where nothing of it was not given."""

    answers: list[Answer]
    whole: bool = True

    @property
    def codes(self) -> set[str]:
        """The codes of what was answered."""
        return {each.code for each in self.answers}


def of_response(response: JsonObject, given: Given) -> Told:
    """Read the answers of a QuestionnaireResponse."""
    found = []
    for item in items(response, given):
        values = [value for each in item.element.get("answer", ()) if (value := value_of(each))]
        if values:
            found.append(Answer(item.code, values))
    return Told(found)


def of_observation(observation: JsonObject, given: Given) -> Told:
    """Read the answers that an Observation has as components, as members, or derives from."""
    parts = objects(observation.get("component"))
    whole = True
    for name in ("hasMember", "derivedFrom"):
        for reference in objects(observation.get(name)):
            referred = given.referred(reference)
            whole = whole and referred is not None
            if referred is not None and referred["resourceType"] == "Observation":
                parts.append(referred)
    return Told([answer for part in parts for answer in _observed(part)], whole)


def _observed(part: JsonObject) -> Iterator[Answer]:
    value = value_of(part)
    if value is None:
        return
    values = [value]
    if value[0] == "valueCodeableConcept":
        values = [("valueCoding", each) for each in objects(value[1].get("coding"))]
    for code in sorted(own_codes(part.get("code", {}))):
        yield Answer(code, values)


def counted(instrument: Instrument, told: Told) -> tuple[dict[str, int], set[str]]:
    """Give what each item counts, and the items whose answers cannot be read as its own."""
    found: dict[str, set[int | None]] = {}
    for answer in told.answers:
        if answer.code in instrument.by_code:
            options = instrument.options_of(answer.code)
            alternatives = {_count(options, *value) for value in answer.values}
            known = alternatives - {None} if answer.values[0][0] == "valueCoding" else alternatives
            found.setdefault(answer.code, set()).update(known or {None})
    read = {k: n for k, v in found.items() if len(v) == 1 for n in v if n is not None}
    return read, found.keys() - read.keys()


def _count(options: tuple[Option, ...], name: str, value: Any) -> int | None:  # noqa: ANN401
    if name == "valueCoding" and isinstance(value, dict):
        return _chosen(options, value)
    if name == "valueString":
        return _worded(options, value)
    number = number_of((name, value))
    return None if number is None else _numbered(options, number)


def _chosen(options: tuple[Option, ...], coding: JsonObject) -> int | None:
    named = (coding.get("system"), coding.get("code"))
    for option in options:
        if named == (option.system, option.code):
            return option.value
    for extension in objects(coding.get("extension")):
        if str(extension.get("url")).endswith(_WEIGHTS):
            weight = number_of(value_of(extension))
            return next((each.value for each in options if each.value == weight), None)
    # A code of the same system is another answer, whatever it is called.
    is_other = any(coding.get("system") == each.system for each in options)
    return None if is_other else _worded(options, coding.get("display"))


def _worded(options: tuple[Option, ...], text: object) -> int | None:
    said = str(text).casefold()
    found = {each.value for each in options if each.display.casefold() == said}
    return found.pop() if len(found) == 1 else None


def _numbered(options: tuple[Option, ...], number: Decimal) -> int | None:
    ranges = [each for each in options if each.numbers is not None]
    for each in ranges:
        low, high = each.numbers or (0, 0)
        if low <= number <= high:
            return each.value
    values = [each.value for each in options if not ranges and each.value == number]
    return values[0] if values else None
