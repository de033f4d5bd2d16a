"""Rules about totals: a number, in its range, and the one that the answers give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.care.instruments.registry import score_of
from shared.care.instruments.total import total, with_skipped
from shared.care.lint.answers import counted, of_observation, of_response
from shared.care.lint.forms import is_most, is_of, items, number_of, own_codes, value_of
from shared.care.lint.rule import Defect, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal
    from typing import Any

    from shared.care.instruments.instrument import Instrument
    from shared.care.instruments.score import Score
    from shared.care.instruments.total import Total
    from shared.care.lint.answers import Told
    from shared.care.lint.rule import Given
    from shared.fhir.reader import JsonObject

_BOTH: Final = frozenset({"Observation", "QuestionnaireResponse"})
_OBSERVED: Final = frozenset({"Observation"})


def _told(resource: JsonObject, given: Given) -> Iterator[tuple[str, Score, tuple[str, Any]]]:
    """Yield every total that a resource tells: where, of which score, and the value[x]."""
    is_form = resource["resourceType"] == "QuestionnaireResponse"
    for place, codes, element in _answers(resource, given) if is_form else _parts(resource):
        value = value_of(element)
        for known in filter(None, map(score_of, codes)):
            if value:
                yield f"{place}.{value[0]}", known[1], value


def _answers(response: JsonObject, given: Given) -> Iterator[tuple[str, list[str], JsonObject]]:
    for item in items(response, given):
        for index, answer in enumerate(item.element.get("answer", ())):
            yield f"{item.place}.answer[{index}]", [item.code], answer


def _parts(observation: JsonObject) -> Iterator[tuple[str, list[str], JsonObject]]:
    yield "Observation", sorted(own_codes(observation.get("code", {}))), observation
    for index, part in enumerate(observation.get("component", ())):
        codes = sorted(own_codes(part.get("code", {})))
        yield f"Observation.component[{index}]", codes, part


def _not_a_number(resource: JsonObject, given: Given) -> Iterator[Defect]:
    for place, score, value in _told(resource, given):
        if number_of(value) is None:
            yield Defect(place, f"The {score.display} ({score.code}) is not told as a number.")


def _out_of_range(resource: JsonObject, given: Given) -> Iterator[Defect]:
    for place, score, value in _told(resource, given):
        number = number_of(value)
        if number is not None and not (0 <= number <= score.max and number == int(number)):
            yield Defect(
                place, f"The {score.display} is a whole number from 0 to {score.max}, not {number}."
            )


def _wrong(resource: JsonObject, given: Given) -> Iterator[Defect]:
    for place, score, number, due in _compared(resource, given):
        if due.value is not None and number != due.value:
            yield Defect(place, f"The {score.display} is {number}; the answers give {due.value}.")


def _not_given(resource: JsonObject, given: Given) -> Iterator[Defect]:
    for place, score, number, due in _compared(resource, given):
        if due.value is None:
            lacking = ", ".join(due.missing)
            told = f"The {score.display} is {number}, and {lacking} has no answer that counts."
            yield Defect(place, told)


def _compared(resource: JsonObject, given: Given) -> Iterator[tuple[str, Score, Decimal, Total]]:
    for told, own in _sources(resource, given):
        for place, score, value in (*_told(resource, given), *_of_members(resource, given)):
            number, due = number_of(value), _due(score, told, own)
            if due is not None and number is not None:
                yield place, score, number, due


def _of_members(resource: JsonObject, given: Given) -> Iterator[tuple[str, Score, tuple[str, Any]]]:
    """Yield the totals that are members beside the answers."""
    for index, each in enumerate(resource.get("hasMember", ())):
        member = given.referred(each)
        if member is not None and member["resourceType"] == "Observation":
            for _, score, value in _told(member, given):
                yield f"Observation.hasMember[{index}]", score, value


def _sources(resource: JsonObject, given: Given) -> Iterator[tuple[Told, Instrument | None]]:
    """Yield the answers that a total is of, and which instrument they say that they are."""
    if resource["resourceType"] == "QuestionnaireResponse":
        yield of_response(resource, given), is_of(resource, items(resource, given))
        return
    yield of_observation(resource, given), None
    for reference in resource.get("derivedFrom", ()):
        source = given.referred(reference)
        if source is not None and source["resourceType"] == "QuestionnaireResponse":
            yield of_response(source, given), is_of(source, items(source, given))


def _due(score: Score, told: Told, own: Instrument | None) -> Total | None:
    """Give the total of the answers; None where they are not its own, or cannot be read."""
    known = score_of(score.code)
    instrument = known[0] if known else own
    if instrument is None or not (instrument is own or is_most(told.codes, set(score.items))):
        return None
    values, unread = counted(instrument, told)
    due = total(score, with_skipped(instrument.skips, values))
    # What was not given may be what is missing.
    is_sure = not unread & set(score.items) and (due.value is not None or told.whole)
    return due if is_sure else None


_COUNTED = "Whoever reads a total acts on it, and nobody adds up the answers again."
RULES: Final = (
    Rule(
        "total-not-a-number",
        "A total is a number, valueQuantity or valueInteger, not text.",
        "Text is not compared, drawn or searched: a rise in it goes unseen.",
        _not_a_number,
        _BOTH,
    ),
    Rule(
        "total-out-of-range",
        "A total is within its instrument's range.",
        "It is of another instrument, or was added up wrongly.",
        _out_of_range,
        _BOTH,
    ),
    Rule("total-wrong", "A total is the sum of its answers.", _COUNTED, _wrong, _BOTH),
    Rule(
        "total-not-given",
        "There is no total where too many answers are missing.",
        "What was not answered is not zero: the total is lower than the person is ill.",
        _not_given,
        _BOTH,
    ),
)
