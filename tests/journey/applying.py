"""How a clinician has a template applied with what a person prefers, in a running Stepdown."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from shared.care.canonical import profile
from tests.journey.planning import Planned

if TYPE_CHECKING:
    import httpx

    from tests.services.person import Resource

_CODES = ("session-time", "language", "skill", "topic", "service")
_TIMES = ("work", "school", "caregiving")
SNOMED = "http://snomed.info/sct"
LIVE = "http://terminology.hl7.org/CodeSystem/condition-clinical"
ROLE = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"


class Preferring(Planned):
    """A person whose plan is made from a template, with preferences."""

    def asks(self, template: str, **wishes: object) -> httpx.Response:
        """Have a template applied; a list is several values of one input."""
        given = [{"name": "subject", "valueString": f"Patient/{self.id}"}]
        given += [
            _given(name.replace("_", "-"), value)
            for name, values in wishes.items()
            for value in (values if isinstance(values, list) else [values])
        ]
        body = {"resourceType": "Parameters", "parameter": given}
        path = f"PlanDefinition/{template}/$apply"
        headers = {"X-Stepdown-Actor": self.clinician}
        return self.http.post(path, json=body, headers=headers)

    def plan(self, template: str, **wishes: object) -> Resource:
        answer = self.asks(template, **wishes)
        assert answer.is_success, answer.text
        made: Resource = answer.json()
        return made

    def diagnosed(self, code: str) -> Resource:
        return self.put(
            {
                "resourceType": "Condition",
                "id": f"{code}-{uuid.uuid4()}",
                "clinicalStatus": {"coding": [{"system": LIVE, "code": "active"}]},
                "code": {"coding": [{"system": SNOMED, "code": code}], "text": f"C {code}"},
                "subject": self.reference,
            }
        )

    def related(self, role: str) -> Resource:
        return self.put(
            {
                "resourceType": "RelatedPerson",
                "id": f"r-{uuid.uuid4()}",
                "patient": self.reference,
                "relationship": [{"coding": [{"system": ROLE, "code": role}]}],
            }
        )

    def consents(self, to: Resource, **changes: object) -> Resource:
        """Let somebody of the family take part."""
        base = "http://terminology.hl7.org/CodeSystem"
        actor = {
            "role": {"coding": [{"system": f"{base}/v3-ParticipationType", "code": "IRCP"}]},
            "reference": {"reference": f"RelatedPerson/{to['id']}"},
        }
        consent = {
            "resourceType": "Consent",
            "id": f"consent-{uuid.uuid4()}",
            "status": "active",
            "scope": {"coding": [{"system": f"{base}/consentscope", "code": "treatment"}]},
            "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
            "patient": self.reference,
            "policyRule": {"text": "Family may take part"},
            "provision": {"type": "permit", "actor": [actor]},
        }
        return self.put(consent | changes)

    def part(self, plan: Resource, kind: str) -> dict[str, Resource]:
        """Read the parts of a plan that are of one type, by the codes of their services."""
        named = (each["reference"]["reference"] for each in plan["activity"])
        ids = [each.partition("/")[2] for each in named if each.startswith(f"{kind}/")]
        read = [self.read({"resourceType": kind, "id": each}) for each in ids]
        return {each["code"]["coding"][-1]["code"]: each for each in read}


def unmet(plan: Resource) -> dict[str, str]:
    """Read what a plan says could not be met: all reasons, by what it is."""
    found: dict[str, str] = {}
    for each in plan.get("extension", ()):
        if each["url"] == profile("not-satisfied"):
            parts = {part["url"]: part for part in each["extension"]}
            what, why = parts["what"]["valueString"], parts["reason"]["valueCoding"]["code"]
            found[what] = f"{found[what]} {why}" if what in found else why
    return found


def busy(days: list[str], time: str, minutes: int) -> dict[str, Any]:
    """Say at which times of a week somebody cannot come."""
    repeat = {"dayOfWeek": days, "timeOfDay": [time], "duration": minutes, "durationUnit": "min"}
    return {"repeat": {"frequency": len(days), "period": 1, "periodUnit": "wk"} | repeat}


def _given(name: str, value: Any) -> dict[str, Any]:  # noqa: ANN401
    if name in _TIMES:
        return {"name": name, "valueTiming": value}
    if isinstance(value, bool):
        return {"name": name, "valueBoolean": value}
    return {"name": name, "valueCode" if name in _CODES else "valueString": value}
