"""The Observations that the answers of a QuestionnaireResponse come to.

They are a function of the response alone, each under an id derived from it, so that repeating an
extraction changes nothing. https://hl7.org/fhir/R4/observation.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from shared.care.automatic import derived_id
from shared.care.canonical import code_system, profile
from shared.care.instruments.instrument import LOINC
from shared.care.instruments.risk import risk
from shared.care.instruments.total import total
from shared.fhir.references import parse_reference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shared.care.instruments.instrument import Instrument, Level, RiskRule, Score
    from shared.care.instruments.risk import Risk
    from shared.fhir.reader import JsonObject

MEASURE: Final = code_system("measure")
INSTRUMENT: Final = code_system("instrument")
SUICIDE_RISK: Final = code_system("suicide-risk")
PRORATED: Final = "prorated"

_TERMINOLOGY: Final = "http://terminology.hl7.org/CodeSystem"
_SURVEY: Final = {
    "coding": [{"system": f"{_TERMINOLOGY}/observation-category", "code": "survey"}],
    "text": "Survey",
}
_UCUM: Final = "http://unitsofmeasure.org"
# A device may author a response, but performs no Observation.
_PERFORMERS: Final = frozenset(
    {"Patient", "Practitioner", "PractitionerRole", "RelatedPerson", "Organization"}
)


@dataclass(frozen=True, slots=True)
class Completed:
    """A completed response to an instrument: of whom, when, with which answers by item."""

    instrument: Instrument
    response: JsonObject
    patient_id: str
    authored: str
    answers: Mapping[str, int]

    @property
    def reference(self) -> str:
        """Refer to the response."""
        return f"QuestionnaireResponse/{self.response['id']}"

    def id_for(self, code: str) -> str:
        """Derive the id of the Observation of one code."""
        return derived_id(self.reference, code)


def score_observations(completed: Completed) -> Iterator[JsonObject]:
    """Give the Observations of a response: scores, items worth one of their own, and a risk."""
    instrument = completed.instrument
    for score in instrument.scores:
        yield _total(completed, score)
    for code in instrument.observed:
        yield _item(completed, code)
    if instrument.risk is not None:
        yield _risk(completed, instrument.risk)


def codes_of(instrument: Instrument) -> tuple[str, ...]:
    """List the codes of the Observations that a response to an instrument has."""
    risks = () if instrument.risk is None else (instrument.risk.code,)
    return (*(score.code for score in instrument.scores), *instrument.observed, *risks)


def contradictions(completed: Completed) -> str | None:
    """Say which answers contradict each other; None where none do."""
    rule = completed.instrument.risk
    found = risk(rule, completed.answers).contradictions if rule is not None else ()
    if not found:
        return None
    pairs = "; ".join(
        f"{_answer(completed, one)}, but {_answer(completed, other)}" for one, other in found
    )
    return f"Answers contradict each other: {pairs}. The affirmative answer counts."


def concept(system: str, code: str, text: str) -> JsonObject:
    """Make a CodeableConcept of one coding."""
    return {"coding": [{"system": system, "code": code}], "text": text}


def score_of_points(value: int) -> JsonObject:
    """Make a Quantity of points."""
    return {"value": value, "unit": "{score}", "system": _UCUM, "code": "{score}"}


def _observation(completed: Completed, code: str, text: str) -> dict[str, Any]:
    response, instrument = completed.response, completed.instrument
    method = {
        "system": INSTRUMENT,
        "version": instrument.version,
        "code": instrument.name,
        "display": f"{instrument.title}, {instrument.recall}",
    }
    observation = {
        "resourceType": "Observation",
        "id": completed.id_for(code),
        "meta": {"profile": [profile("stepdown-observation")]},
        "status": "amended" if response["status"] == "amended" else "final",
        "category": [_SURVEY],
        "code": concept(LOINC, code, text),
        "subject": {"reference": f"Patient/{completed.patient_id}"},
        "effectiveDateTime": completed.authored,
        "method": {"coding": [method]},
        "derivedFrom": [{"reference": completed.reference}],
    }
    performers = _performers(response)
    if performers:
        observation["performer"] = performers
    encounter = parse_reference(response.get("encounter", {}).get("reference", ""))
    if encounter.type == "Encounter":
        observation["encounter"] = {"reference": encounter.text}
    return observation


def _performers(response: JsonObject) -> list[JsonObject]:
    """Name who answered first, then who wrote it down."""
    named: dict[str, JsonObject] = {}
    for role in ("source", "author"):
        reference = parse_reference(response.get(role, {}).get("reference", ""))
        if reference.type in _PERFORMERS:
            named.setdefault(reference.text, {"reference": reference.text})
    return list(named.values())


def _total(completed: Completed, score: Score) -> JsonObject:
    found = total(score, completed.answers)
    observation = _observation(completed, score.code, score.display)
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
    observation = _observation(completed, code, topic)
    if code not in completed.answers:
        return observation | {"dataAbsentReason": _unknown("Not answered")}
    option = instrument.option(code, completed.answers[code])
    return observation | {"valueCodeableConcept": concept(LOINC, option.code, option.display)}


def _risk(completed: Completed, rule: RiskRule) -> JsonObject:
    found = risk(rule, completed.answers)
    observation = _observation(completed, rule.code, rule.display)
    contradiction = contradictions(completed)
    if contradiction:
        observation["note"] = [{"text": contradiction}]
    if found.level is not None:
        return observation | {"valueCodeableConcept": _level(found.level)}
    unknown = concept(SUICIDE_RISK, "unknown", "Unknown: answers are missing")
    return observation | {"valueCodeableConcept": unknown, "component": _range(found)}


def _range(found: Risk) -> list[JsonObject]:
    ends = (("lowest", found.lowest), ("highest", found.highest))
    return [
        {
            "code": concept(SUICIDE_RISK, name, f"The {name} risk that is possible"),
            "valueCodeableConcept": _level(level),
        }
        for name, level in ends
    ]


def _level(level: Level) -> JsonObject:
    return concept(level.answer.system, level.answer.code, level.answer.display)


def _unknown(text: str) -> JsonObject:
    return concept(f"{_TERMINOLOGY}/data-absent-reason", "unknown", text)


def _answer(completed: Completed, code: str) -> str:
    item = completed.instrument.by_code[code]
    option = completed.instrument.option(code, completed.answers[code])
    return f"{code} ({item.topic}) {option.display.lower()}"
