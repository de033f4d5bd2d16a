"""Transfer documents as a hospital writes them, about the same stay as its notices."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.notices import HOSPITAL, ILLNESS, PATIENT, STAY, identifier, notice

if TYPE_CHECKING:
    from tests.notices import Resource

COMPOSITION, ALLERGY, TAKEN, ORDERED, DRUG = (
    f"urn:uuid:00000000-0000-4000-8000-0000000000{i}" for i in range(21, 26)
)
LOINC = "http://loinc.org"
WITHOUT = {
    "coding": [
        {"system": "http://terminology.hl7.org/CodeSystem/list-empty-reason", "code": "unavailable"}
    ]
}
NOTHING = {
    "status": "generated",
    "div": '<div xmlns="http://www.w3.org/1999/xhtml">Nothing is known.</div>',
}
HOLDS = {
    "48765-2": [ALLERGY],
    "10160-0": [TAKEN, ORDERED],
    "11450-4": [ILLNESS],
}
SECTIONS = (
    *("42348-3", "48765-2", "47420-5", "11369-6", "69730-0", "46264-8", "10160-0", "18776-5"),
    *("11450-4", "47519-4", "42349-1", "30954-2", "29762-2", "8716-3"),
)


def document(person: str, *, mark: str = "1", end: str | None = None) -> Resource:
    """A transfer summary of a stay that ended at an instant, or goes on."""
    carried = notice("discharge" if end else "admit", person=person)["entry"][1:]
    if end:
        carried[0]["resource"]["period"]["end"] = end
    # Of each person's document each entry has an address of its own.
    entries = [*carried, *others()]
    return renamed(
        {
            "resourceType": "Bundle",
            "type": "document",
            "identifier": {
                "system": "https://hospital.example/documents",
                "value": f"{person}-{mark}",
            },
            "timestamp": "2026-03-02T17:00:00Z",
            "entry": [{"fullUrl": COMPOSITION, "resource": composition()}, *entries],
        },
        person,
    )


def others() -> list[Resource]:
    return [
        {"fullUrl": url, "resource": each}
        for url, each in {
            ALLERGY: {
                "resourceType": "AllergyIntolerance",
                "patient": {"reference": PATIENT},
                "code": {"text": "Penicillin"},
                "clinicalStatus": status("allergyintolerance-clinical", "active"),
            },
            TAKEN: {
                "resourceType": "MedicationStatement",
                "status": "active",
                "subject": {"reference": PATIENT},
                "medicationReference": {"reference": DRUG},
            },
            ORDERED: {
                "resourceType": "MedicationRequest",
                "status": "active",
                "intent": "order",
                "subject": {"reference": PATIENT},
                "encounter": {"reference": STAY},
                "medicationReference": {"reference": DRUG},
                "reasonReference": [{"reference": ILLNESS}],
            },
            DRUG: {
                "resourceType": "Medication",
                "identifier": [identifier("drug", "sertraline-50")],
                "code": {"text": "Sertraline 50 mg"},
            },
        }.items()
    ]


def composition() -> Resource:
    return {
        "resourceType": "Composition",
        "status": "final",
        "type": {"coding": [{"system": LOINC, "code": "18761-7"}]},
        "subject": {"reference": PATIENT},
        "encounter": {"reference": STAY},
        "date": "2026-03-02T17:00:00Z",
        "author": [{"reference": HOSPITAL}],
        "custodian": {"reference": HOSPITAL},
        "title": "Transfer summary",
        "section": [section(code) for code in SECTIONS],
    }


def section(code: str) -> Resource:
    said: Resource = {"title": code, "code": {"coding": [{"system": LOINC, "code": code}]}}
    if code not in HOLDS:
        return said | {"text": NOTHING, "emptyReason": WITHOUT}
    return said | {"entry": [{"reference": each} for each in HOLDS[code]]}


def status(system: str, code: str) -> Resource:
    canonical = f"http://terminology.hl7.org/CodeSystem/{system}"
    return {"coding": [{"system": canonical, "code": code}]}


def renamed(bundle: Resource, person: str) -> Resource:
    """Give the entries the addresses of one person's document."""
    text = json.dumps(bundle)
    for i in (*range(1, 8), *range(21, 26)):
        text = text.replace(
            f"00000000-0000-4000-8000-0000000000{i:02}",
            f"{person[:8]}-{person[8:12]}-4000-8000-0000000000{i:02}",
        )
    changed: Resource = json.loads(text)
    return changed
