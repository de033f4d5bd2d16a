"""Who plays: a hospital, a programme, an aftercare clinic, their clinicians, and people.

Everybody is invented and marked so, as all synthetic data is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from services.synthetic.chance import Chance
from services.synthetic.identity import patient
from services.synthetic.marks import FAMILY_NAME_PREFIX, IDENTIFIER_SYSTEM, META
from shared.care.consent import SCOPE

if TYPE_CHECKING:
    from datetime import date

    from shared.fhir.reader import JsonObject

HOSPITAL: Final = "Organization/demo-hospital"
PROGRAMME: Final = "Organization/demo-programme"
CLINIC: Final = "Organization/demo-clinic"
THERAPIST: Final = "Practitioner/demo-therapist"
PSYCHIATRIST: Final = "Practitioner/demo-psychiatrist"

_NAMES: Final = {
    HOSPITAL: "Synthetic General Hospital",
    PROGRAMME: "Synthetic Intensive Outpatient Programme",
    CLINIC: "Synthetic Aftercare Clinic",
}
_CLINICIANS: Final = {THERAPIST: ("Rowan", "Noah"), PSYCHIATRIST: ("Linden", "Priya")}


@dataclass(slots=True)
class Person:
    """One of the people: who they are, and where their story has got to."""

    number: int
    resource: JsonObject
    template: str = "iop-adult"
    wishes: dict[str, dict[str, str]] = field(default_factory=dict)
    id: str = ""
    episode: str = ""
    plan: str = ""

    @property
    def name(self) -> str:
        """Name the person as people are called."""
        name = self.resource["name"][0]
        return f"{name['given'][0]} {name['family']}"

    @property
    def reference(self) -> str:
        """Refer to the person's Patient."""
        return f"Patient/{self.id}"


def person(number: int, run: str, last_day: date) -> Person:
    """Invent a person; the run's name keeps two plays on one record apart."""
    key = f"demo-{run}-{number}"
    identifier = {"system": IDENTIFIER_SYSTEM, "value": key}
    invented = patient(Chance("demo", 1, number), last_day)
    return Person(number, {"resourceType": "Patient", "identifier": [identifier], **invented})


def consent(who: Person) -> JsonObject:
    """Write a person's consent to treatment in the programme."""
    return {
        "resourceType": "Consent",
        "id": f"demo-consent-{who.id}"[:64],
        "meta": META,
        "status": "active",
        "scope": {"coding": [{"system": SCOPE, "code": "treatment"}]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"reference": who.reference},
        "performer": [{"reference": who.reference}],
        "policyRule": {"text": "Treatment in the programme"},
    }


def places_and_clinicians() -> list[JsonObject]:
    """Write the organizations and their clinicians."""
    return [*map(_organization, _NAMES), *map(_practitioner, _CLINICIANS)]


def name_of(reference: str) -> str:
    """Name an organization or a clinician."""
    if reference in _NAMES:
        return _NAMES[reference]
    family, given = _CLINICIANS[reference]
    return f"{given} {FAMILY_NAME_PREFIX}{family}"


def _organization(reference: str) -> JsonObject:
    return _identified(reference) | {"active": True, "name": _NAMES[reference]}


def _practitioner(reference: str) -> JsonObject:
    family, given = _CLINICIANS[reference]
    name = {"family": FAMILY_NAME_PREFIX + family, "given": [given]}
    return _identified(reference) | {"active": True, "name": [name]}


def _identified(reference: str) -> JsonObject:
    resource_type, _, logical_id = reference.partition("/")
    identifier = {"system": IDENTIFIER_SYSTEM, "value": logical_id}
    head = {"resourceType": resource_type, "id": logical_id, "meta": META}
    return head | {"identifier": [identifier]}
