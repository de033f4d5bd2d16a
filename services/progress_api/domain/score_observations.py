"""The Observations that the answers of a response come to: scores, findings, items, a risk.

They are a function of the response and the person's sex alone, each under an id derived from it, so
that repeating an extraction changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.domain.completed_response import TERMINOLOGY, concept, observation_of
from services.progress_api.domain.contradiction import contradictions
from services.progress_api.domain.risk_observation import risk_observation
from shared.care.canonical import code_system
from shared.care.instruments.total import is_found, total, with_skipped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from services.progress_api.domain.completed_response import Completed
    from shared.care.instruments.instrument import Instrument
    from shared.care.instruments.score import Band, Finding, Score
    from shared.care.instruments.total import Total
    from shared.fhir.reader import JsonObject

MEASURE: Final = code_system("measure")
PRORATED: Final = "prorated"

_UCUM: Final = "http://unitsofmeasure.org"
_POSITIVE: Final = concept(f"{TERMINOLOGY}/v3-ObservationInterpretation", "POS", "Positive")


def score_observations(completed: Completed) -> Iterator[JsonObject]:
    """Give the Observations of a response, in the order in which the instrument names them."""
    instrument = completed.instrument
    counted = with_skipped(instrument.skips, completed.answers)
    for score in instrument.scores:
        yield _total(completed, score, counted)
    for finding in instrument.findings:
        yield _finding(completed, finding, counted)
    for code in instrument.observed:
        yield _item(completed, code)
    if instrument.risk is not None:
        yield risk_observation(completed, instrument.risk)


def codes_of(instrument: Instrument) -> tuple[str, ...]:
    """List the codes of the Observations that a response to an instrument has."""
    risks = () if instrument.risk is None else (instrument.risk.code,)
    scores = (score.code for score in instrument.scores)
    findings = (finding.code for finding in instrument.findings)
    return (*scores, *findings, *instrument.observed, *risks)


def score_of_points(value: int) -> JsonObject:
    """Make a Quantity of points."""
    return {"value": value, "unit": "{score}", "system": _UCUM, "code": "{score}"}


def _total(completed: Completed, score: Score, counted: Mapping[str, int]) -> JsonObject:
    found, sex = total(score, counted), _sex(completed, score)
    observation = observation_of(completed, score.code, score.display, score.system)
    notes = list(_notes(completed, score, counted, found))
    if notes:
        observation["note"] = [{"text": text} for text in notes]
    if found.value is None:
        return observation | {"dataAbsentReason": _unknown("Too much was not answered")}
    observation["valueQuantity"] = score_of_points(found.value)
    band = score.band(found.value, sex)
    if band is not None:
        observation["interpretation"] = _interpretation(band)
    if found.is_prorated:
        text = "Extended from the items that were answered"
        observation["component"] = [
            {"code": concept(MEASURE, PRORATED, text), "valueBoolean": True}
        ]
    return observation


def _interpretation(band: Band) -> list[JsonObject]:
    named = concept(code_system("band"), band.code, band.label)
    return [named, _POSITIVE] if band.positive else [named]


def _notes(
    completed: Completed, score: Score, counted: Mapping[str, int], found: Total
) -> Iterator[str]:
    if found.missing:
        yield f"Not answered: {', '.join(found.missing)}."
    yield from completed.unscored
    contradiction = contradictions(completed)
    if contradiction is not None:
        yield contradiction
    if found.value is None:
        return
    if score.by_sex and _sex(completed, score) not in score.by_sex:
        yield "Whether a man's or a woman's cut-point counts is not known: the lower one does."
    confirm = score.confirm
    if confirm is not None and found.value and counted[confirm.item] == found.value:
        yield confirm.text


def _sex(completed: Completed, score: Score) -> str | None:
    """Tell the sex: what was answered goes before what the record says."""
    answered = completed.answers.get(score.sex_item or "")
    if score.sex_item is None or answered is None:
        return completed.sex
    return completed.instrument.option(score.sex_item, answered).code


def _finding(completed: Completed, finding: Finding, counted: Mapping[str, int]) -> JsonObject:
    observation = observation_of(completed, finding.code, finding.display, MEASURE)
    found = is_found(finding, counted)
    if found is None:
        return observation | {"dataAbsentReason": _unknown("Too much was not answered")}
    return observation | {"valueBoolean": found}


def _item(completed: Completed, code: str) -> JsonObject:
    instrument = completed.instrument
    item = instrument.by_code[code]
    topic = f"{instrument.title}: {item.topic}"
    observation = observation_of(completed, code, topic, item.system)
    if code not in completed.answers:
        return observation | {"dataAbsentReason": _unknown("Not answered")}
    option = instrument.option(code, completed.answers[code])
    return observation | {
        "valueCodeableConcept": concept(option.system, option.code, option.display)
    }


def _unknown(text: str) -> JsonObject:
    return concept(f"{TERMINOLOGY}/data-absent-reason", "unknown", text)
