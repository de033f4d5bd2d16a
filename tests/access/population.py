"""The resources of a small record: who refers to whom is fixed, what they say is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tests.access.callers import PATIENTS

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

Content = dict[str, Any]

NAMES: Final = ("Anna", "Anne", "Berg", "Bergman", "Cruz", "Dahl")
CODES: Final = ("a", "b", "c")
SYSTEM: Final = "http://codes.example"
UNITS: Final = ("mg", "g", "kg")
DATES: Final = ("2024", "2025-01", "2025-02-01", "2025-02-01T10:00:00Z", "2025-06-30", "2026-01-01")


@dataclass(frozen=True)
class Planned:
    """A resource that the record may hold, and whose it is: of a patient, or of none."""

    type: str
    id: str
    patient: str | None
    about: str = ""

    @property
    def reference(self) -> str:
        """Refer to it."""
        return f"{self.type}/{self.id}"


def planned() -> list[Planned]:
    """List what there may be, in the order in which it is written."""
    found = [Planned("Organization", f"g{n}", None) for n in range(3)]
    found += [Planned("Practitioner", f"d{n}", None) for n in range(3)]
    found += [Planned("PlanDefinition", f"f{n}", None) for n in range(3)]
    found += [Planned("Patient", each, each) for each in PATIENTS]
    for n in range(8):
        patient = PATIENTS[n % 4]
        found.append(Planned("Encounter", f"e{n}", patient))
    for n in range(24):
        patient = PATIENTS[n % 4]
        found.append(Planned("Observation", f"o{n}", patient))
        if n % 3 == 0:
            found.append(Planned("Condition", f"c{n}", patient))
            found.append(Planned("CarePlan", f"k{n}", patient))
            found.append(Planned("RiskAssessment", f"r{n}", patient))
            found.append(Planned("Provenance", f"v{n}", patient))
    return found


def anchors(all_planned: list[Planned]) -> list[Planned]:
    """List who is referred to, in every world, by somebody of no one patient and of a hidden type.

    That others refer to a resource is told when it is to be deleted; a hidden resource refers to
    none but these, so that the answer is the same.
    """
    always = {"Patient", "Encounter", "Practitioner", "Organization"}
    return [
        each
        for each in all_planned
        if each.type in always or (each.type == "Observation" and int(each.id[1:]) % 2)
    ]


def holder(of: Planned) -> Planned:
    """Plan the resource that holds on to an anchor."""
    if of.type == "Patient":
        return Planned("RequestGroup", f"h-{of.id}", None, of.reference)
    return Planned("Basic", f"h-{of.type.lower()}-{of.id}", None, of.reference)


def content(rng: Random, of: Planned) -> Content:
    """Draw what a resource says."""
    made = _MADE[of.type](rng, of)
    if rng.random() < 0.2:
        made["meta"] = {"tag": [{"system": SYSTEM, "code": rng.choice(CODES)}]}
    return {"resourceType": of.type, "id": of.id, **made}


def _coded(rng: Random) -> Content:
    return {"coding": [{"system": SYSTEM, "code": rng.choice(CODES), "display": rng.choice(NAMES)}]}


def _name(rng: Random) -> Content:
    return {"family": rng.choice(NAMES), "given": [rng.choice(NAMES)]}


def _number(of: Planned) -> int:
    return int("".join(filter(str.isdigit, of.id)) or 0)


def _encounter(of: Planned) -> Content:
    # The patient's own: of eight, every fourth is.
    return {"reference": f"Encounter/e{_number(of) % 4 + 4 * (_number(of) // 4 % 2)}"}


def _subject(of: Planned) -> Content:
    return {"reference": f"Patient/{of.patient}"}


def _patient(rng: Random, of: Planned) -> Content:
    return {
        "name": [_name(rng)],
        "gender": rng.choice(["male", "female"]),
        "birthDate": rng.choice(["1980-02-29", "1990-01-01"]),
        "identifier": [{"system": SYSTEM, "value": rng.choice(CODES)}],
        "generalPractitioner": [{"reference": f"Practitioner/d{_number(of) % 3}"}],
        "managingOrganization": {"reference": f"Organization/g{_number(of) % 3}"},
    }


def _encountered(rng: Random, of: Planned) -> Content:
    return {
        "status": rng.choice(["planned", "finished"]),
        "class": {"system": SYSTEM, "code": rng.choice(CODES)},
        "type": [_coded(rng)],
        "subject": _subject(of),
        "participant": [{"individual": {"reference": f"Practitioner/d{_number(of) % 3}"}}],
        "period": {"start": rng.choice(DATES)},
        "serviceProvider": {"reference": f"Organization/g{_number(of) % 3}"},
    }


def _quantity(rng: Random) -> Content:
    unit = rng.choice(UNITS)
    return {
        "value": rng.choice([1, 2, 5, 10]),
        "unit": unit,
        "system": "http://unitsofmeasure.org",
        "code": unit,
    }


def _observation(rng: Random, of: Planned) -> Content:
    made = {
        "status": rng.choice(["final", "amended"]),
        "category": [_coded(rng)],
        "code": _coded(rng),
        "subject": _subject(of),
        "encounter": _encounter(of),
        "effectiveDateTime": rng.choice(DATES),
        "performer": [
            {"reference": f"Practitioner/d{_number(of) % 3}"},
            {"reference": f"Organization/g{_number(of) % 3}"},
        ],
        "component": [
            {"code": _coded(rng), "valueQuantity": _quantity(rng)},
            {"code": _coded(rng), "valueCodeableConcept": _coded(rng)},
        ],
    }
    if rng.random() < 0.7:
        made["valueQuantity"] = _quantity(rng)
    return made


def _condition(rng: Random, of: Planned) -> Content:
    return {
        "clinicalStatus": {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/condition-clinical",
                    "code": "active",
                }
            ]
        },
        "code": _coded(rng),
        "subject": _subject(of),
        "encounter": _encounter(of),
        "onsetDateTime": rng.choice(DATES),
        "recorder": {"reference": f"Practitioner/d{_number(of) % 3}"},
    }


def _care_plan(rng: Random, of: Planned) -> Content:
    return {
        "status": "draft",
        "intent": "plan",
        "category": [_coded(rng)],
        "subject": _subject(of),
        "period": {"start": rng.choice(DATES)},
        "instantiatesUri": [f"http://plans.example/{rng.choice(CODES)}"],
        "instantiatesCanonical": [f"{_url(of)}{('', '|1', '|2')[_number(of) % 3]}"],
    }


def _plan_definition(rng: Random, of: Planned) -> Content:
    return {
        "url": _url(of),
        "version": rng.choice("12"),
        "status": rng.choice(["draft", "active"]),
        "title": rng.choice(NAMES),
    }


def _url(of: Planned) -> str:
    # Every third number is that of a plan.
    number = _number(of) // 3 if of.type == "CarePlan" else _number(of)
    return f"http://plans.example/definition/{number % 3}"


def _risk(rng: Random, of: Planned) -> Content:
    return {
        "status": "final",
        "subject": _subject(of),
        "prediction": [{"probabilityDecimal": rng.choice([0, 1, 50])}],
    }


def _provenance(rng: Random, of: Planned) -> Content:
    number = _number(of)
    return {
        "target": [{"reference": f"Patient/{of.patient}"}],
        "recorded": rng.choice(["2025-01-01T00:00:00Z", "2025-02-01T10:00:00Z"]),
        "agent": [{"who": {"reference": f"Practitioner/d{number % 3}"}}],
    }


def _practitioner(rng: Random, _of: Planned) -> Content:
    return {"name": [_name(rng)], "gender": rng.choice(["male", "female"])}


def _organization(rng: Random, of: Planned) -> Content:
    above = {} if of.id == "g0" else {"partOf": {"reference": "Organization/g0"}}
    return {"name": rng.choice(NAMES), "active": rng.random() < 0.5, **above}


def _basic(rng: Random, of: Planned) -> Content:
    return {"code": _coded(rng), "subject": {"reference": of.about}}


def _request_group(rng: Random, of: Planned) -> Content:
    # Two subjects would need two elements: the author is a practitioner, the patient is named in
    # an action that no compartment knows.
    return {
        "status": "draft",
        "intent": "plan",
        "code": _coded(rng),
        "action": [{"participant": [{"reference": of.about}, {"reference": "Patient/p2"}]}],
    }


_MADE: Final[dict[str, Callable[[Random, Planned], Content]]] = {
    "Patient": _patient,
    "Encounter": _encountered,
    "Observation": _observation,
    "Condition": _condition,
    "CarePlan": _care_plan,
    "PlanDefinition": _plan_definition,
    "RiskAssessment": _risk,
    "Provenance": _provenance,
    "Practitioner": _practitioner,
    "Organization": _organization,
    "Basic": _basic,
    "RequestGroup": _request_group,
}
