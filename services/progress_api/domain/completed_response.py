"""A completed response, and what every Observation of it has in common.

https://hl7.org/fhir/R4/observation.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from shared.care.automatic import derived_id
from shared.care.canonical import code_system, profile
from shared.care.instruments.score import LOINC
from shared.fhir.references import parse_reference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.care.instruments.instrument import Instrument
    from shared.fhir.reader import JsonObject

INSTRUMENT: Final = code_system("instrument")
TERMINOLOGY: Final = "http://terminology.hl7.org/CodeSystem"

_CATEGORY: Final = f"{TERMINOLOGY}/observation-category"
_SURVEY: Final = {
    "coding": [{"system": _CATEGORY, "code": "survey"}],
    "text": "Survey",
}
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
    unscored: tuple[str, ...] = ()
    sex: str | None = None

    @property
    def reference(self) -> str:
        """Refer to the response."""
        return f"QuestionnaireResponse/{self.response['id']}"

    def id_for(self, code: str) -> str:
        """Derive the id of the Observation of one code."""
        return derived_id(self.reference, code)


def observation_of(
    completed: Completed, code: str, text: str, system: str = LOINC
) -> dict[str, Any]:
    """Begin an Observation of a response, as yet without a value."""
    response, instrument = completed.response, completed.instrument
    method = {
        "system": INSTRUMENT,
        "version": instrument.version_answered(response.get("questionnaire")),
        "code": instrument.name,
        "display": f"{instrument.title}, {instrument.recall}",
    }
    observation = {
        "resourceType": "Observation",
        "id": completed.id_for(code),
        "meta": {"profile": [profile("stepdown-observation")]},
        "status": "amended" if response["status"] == "amended" else "final",
        "category": _categories(instrument),
        "code": concept(system, code, text),
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


def concept(system: str, code: str, text: str) -> JsonObject:
    """Make a CodeableConcept of one coding."""
    return {"coding": [{"system": system, "code": code}], "text": text}


def _categories(instrument: Instrument) -> list[JsonObject]:
    if instrument.category is None:
        return [_SURVEY]
    return [_SURVEY, {"coding": [{"system": _CATEGORY, "code": instrument.category}]}]


def _performers(response: JsonObject) -> list[JsonObject]:
    """Name who answered first, then who wrote it down."""
    named: dict[str, JsonObject] = {}
    for role in ("source", "author"):
        reference = parse_reference(response.get(role, {}).get("reference", ""))
        if reference.type in _PERFORMERS:
            named.setdefault(reference.text, {"reference": reference.text})
    return list(named.values())
