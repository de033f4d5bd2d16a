"""The Observations that the answers of a response come to: scores, items, a risk.

They are a function of the response alone, each under an id derived from it, so that repeating an
extraction changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.domain.completed_response import TERMINOLOGY, concept, observation_of
from services.progress_api.domain.risk_observation import risk_observation
from shared.care.canonical import code_system
from shared.care.instruments.instrument import LOINC
from shared.care.instruments.total import total

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.progress_api.domain.completed_response import Completed
    from shared.care.instruments.instrument import Instrument, Score
    from shared.fhir.reader import JsonObject

MEASURE: Final = code_system("measure")
PRORATED: Final = "prorated"

_UCUM: Final = "http://unitsofmeasure.org"


def score_observations(completed: Completed) -> Iterator[JsonObject]:
    """Give the Observations of a response: scores, items worth one of their own, and a risk."""
    instrument = completed.instrument
    for score in instrument.scores:
        yield _total(completed, score)
    for code in instrument.observed:
        yield _item(completed, code)
    if instrument.risk is not None:
        yield risk_observation(completed, instrument.risk)


def codes_of(instrument: Instrument) -> tuple[str, ...]:
    """List the codes of the Observations that a response to an instrument has."""
    risks = () if instrument.risk is None else (instrument.risk.code,)
    return (*(score.code for score in instrument.scores), *instrument.observed, *risks)


def score_of_points(value: int) -> JsonObject:
    """Make a Quantity of points."""
    return {"value": value, "unit": "{score}", "system": _UCUM, "code": "{score}"}


def _total(completed: Completed, score: Score) -> JsonObject:
    found = total(score, completed.answers)
    observation = observation_of(completed, score.code, score.display)
    if found.missing:
        observation["note"] = [{"text": f"Not answered: {', '.join(found.missing)}."}]
    if found.value is None:
        return observation | {"dataAbsentReason": _unknown("Too much was not answered")}
    band = score.band(found.value)
    observation["valueQuantity"] = score_of_points(found.value)
    observation["interpretation"] = [concept(code_system("band"), band.code, band.label)]
    if found.is_prorated:
        text = "Extended from the items that were answered"
        observation["component"] = [
            {"code": concept(MEASURE, PRORATED, text), "valueBoolean": True}
        ]
    return observation


def _item(completed: Completed, code: str) -> JsonObject:
    instrument = completed.instrument
    topic = f"{instrument.title}: {instrument.by_code[code].topic}"
    observation = observation_of(completed, code, topic)
    if code not in completed.answers:
        return observation | {"dataAbsentReason": _unknown("Not answered")}
    option = instrument.option(code, completed.answers[code])
    return observation | {"valueCodeableConcept": concept(LOINC, option.code, option.display)}


def _unknown(text: str) -> JsonObject:
    return concept(f"{TERMINOLOGY}/data-absent-reason", "unknown", text)
