"""Rules about totals: a number, in its range, and the one that the answers give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.care.instruments.registry import score_of
from shared.care.instruments.response import answers
from shared.care.instruments.total import total, with_skipped
from shared.care.lint.forms import is_of, items, loinc_codes, normal, number_of, value_of
from shared.care.lint.rule import Defect, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from shared.care.instruments.instrument import Instrument
    from shared.care.instruments.score import Score
    from shared.care.instruments.total import Total
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
    yield "Observation", sorted(loinc_codes(observation.get("code", {}))), observation
    for index, part in enumerate(observation.get("component", ())):
        codes = sorted(loinc_codes(part.get("code", {})))
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


def _compared(resource: JsonObject, given: Given) -> Iterator[tuple[str, Score, Any, Total]]:
    for source in _sources(resource, given):
        found = items(source, given)
        instrument = is_of(source, found)
        if instrument is None:
            continue
        for place, score, value in _told(resource, given):
            number = number_of(value)
            due = _due(instrument, score, normal(found))
            if due is not None and number is not None:
                yield place, score, number, due


def _sources(resource: JsonObject, given: Given) -> Iterator[JsonObject]:
    """Yield the answers that a total is of."""
    if resource["resourceType"] == "QuestionnaireResponse":
        yield resource
        return
    for reference in resource.get("derivedFrom", ()):
        source = given.referred(reference)
        if source is not None and source["resourceType"] == "QuestionnaireResponse":
            yield source


def _due(instrument: Instrument, score: Score, response: JsonObject) -> Total | None:
    """Give the total of the answers; None where some of them cannot be read."""
    found = answers(instrument, response)
    is_its_own = score in instrument.scores
    wrong = [each for each in found.issues if _is_counted(each.expression, response, score)]
    if not is_its_own or wrong:
        return None
    return total(score, with_skipped(instrument.skips, found.values))


def _is_counted(place: str | None, response: JsonObject, score: Score) -> bool:
    index = int(str(place).partition("[")[2].partition("]")[0])
    return response["item"][index]["linkId"] in score.items


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
