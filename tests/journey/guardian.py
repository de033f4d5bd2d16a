"""Who stands for a minor, and what they consent to."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.services.person import Person, Resource

ROLE = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
SCOPE = "http://terminology.hl7.org/CodeSystem/consentscope"
CATEGORY = {"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}


def guardian(person: Person, code: str = "GUARD") -> Resource:
    return person.put(
        {
            "resourceType": "RelatedPerson",
            "id": f"g-{person.id}",
            "patient": person.reference,
            "relationship": [{"coding": [{"system": ROLE, "code": code}]}],
        }
    )


def consent(person: Person, **changes: object) -> Resource:
    return person.put(
        {
            "resourceType": "Consent",
            "id": f"c-{person.id}",
            "status": "active",
            "scope": {"coding": [{"system": SCOPE, "code": "treatment"}]},
            "category": [CATEGORY],
            "patient": person.reference,
            "performer": [{"reference": f"RelatedPerson/g-{person.id}"}],
            "policyRule": {"text": "Treatment in the programme"},
            **changes,
        }
    )
