"""Valid resources that the tests of validation damage, and the means to damage them."""

from __future__ import annotations

import json
from typing import Any

DIV = '<div xmlns="http://www.w3.org/1999/xhtml">A <b>person</b></div>'
EXTENSION = {"url": "http://example.org/note", "valueString": "seen"}
DROP = object()

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p1",
    "meta": {"versionId": "1", "lastUpdated": "2026-03-01T09:00:00.123-05:00"},
    "text": {"status": "generated", "div": DIV},
    "contained": [{"resourceType": "Organization", "id": "o1", "name": "Harbour"}],
    "extension": [
        {
            "url": "http://example.org/outer",
            "extension": [{"url": "inner", "valueDecimal": 1}, {"url": "i2", "valueCode": "a"}],
        }
    ],
    "identifier": [{"use": "usual", "system": "urn:oid:1.2.36", "value": "12345"}],
    "active": True,
    "name": [
        {
            "use": "official",
            "family": "Rivera",
            "given": ["Ana", None, "M."],
            "_given": [None, {"extension": [EXTENSION]}, {"id": "g3"}],
        },
        {"use": "nickname", "_family": {"extension": [EXTENSION]}},
    ],
    "telecom": [{"system": "phone", "value": "555", "rank": 1}],
    "gender": "female",
    "birthDate": "1984-02-29",
    "_birthDate": {"id": "b1", "extension": [EXTENSION]},
    "deceasedBoolean": False,
    "multipleBirthInteger": 2,
    "photo": [{"contentType": "image/png", "data": "aGVs bG8=", "size": 5}],
    "contact": [{"name": {"family": "Rivera"}, "gender": "male"}],
    "communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "es"}]}}],
    "generalPractitioner": [{"reference": "Practitioner/d1", "type": "Practitioner"}],
    "managingOrganization": {"reference": "#o1"},
}

OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "id": "o1",
    "status": "final",
    "category": [{"coding": [{"system": "http://example.org/c", "code": "survey"}]}],
    "code": {"text": "PHQ-9"},
    "subject": {"reference": "https://example.org/fhir/Patient/p1/_history/2"},
    "encounter": {"reference": "Encounter/e1"},
    "effectivePeriod": {"start": "2026-03", "end": "2026-03-02T10:00:00Z"},
    "issued": "2026-03-02T10:00:00Z",
    "performer": [{"identifier": {"value": "7"}}, {"reference": "Practitioner/d1"}],
    "valueQuantity": {"value": 12, "comparator": "<", "unit": "points"},
    "referenceRange": [{"low": {"value": 0}, "high": {"value": 27}, "text": "sum"}],
    "component": [
        {"code": {"text": "item 1"}, "valueInteger": 3},
        {"code": {"text": "item 2"}, "valueTime": "10:30:00"},
        {"code": {"text": "item 3"}, "_valueString": {"extension": [EXTENSION]}},
    ],
}

BUNDLE: dict[str, Any] = {
    "resourceType": "Bundle",
    "type": "collection",
    "entry": [{"fullUrl": "urn:uuid:1", "resource": PATIENT}, {"resource": OBSERVATION}],
}

PARAMETERS: dict[str, Any] = {
    "resourceType": "Parameters",
    "parameter": [
        {"name": "resource", "resource": OBSERVATION},
        {"name": "many", "part": [{"name": "code", "valueCode": "a"}]},
    ],
}

SYSTEMS = "http://terminology.hl7.org/CodeSystem"
ALLERGY: dict[str, Any] = {
    "resourceType": "AllergyIntolerance",
    "clinicalStatus": {
        "coding": [
            {"system": "http://example.org/own", "code": "on"},
            {"system": f"{SYSTEMS}/allergyintolerance-clinical", "code": "active"},
        ]
    },
    "patient": {"reference": "Patient/p1"},
}

QUESTIONNAIRE: dict[str, Any] = {
    "resourceType": "Questionnaire",
    "name": "Phq2",
    "status": "active",
    "item": [
        {
            "linkId": "1",
            "type": "group",
            "item": [
                {"linkId": "1.1", "type": "choice", "answerOption": [{"valueString": "no"}]},
                {
                    "linkId": "1.2",
                    "type": "string",
                    "maxLength": 20,
                    "enableWhen": [
                        {"question": "1.1", "operator": "exists", "answerBoolean": True}
                    ],
                },
            ],
        },
        {"linkId": "2", "type": "display", "text": "Thank you"},
    ],
}

STRUCTURE: dict[str, Any] = {
    "resourceType": "StructureDefinition",
    "url": "http://example.org/StructureDefinition/one",
    "name": "One",
    "status": "draft",
    "kind": "resource",
    "abstract": False,
    "type": "Patient",
    "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
    "derivation": "constraint",
    "differential": {
        "element": [
            {
                "id": "Patient",
                "path": "Patient",
                "constraint": [{"key": "one-1", "severity": "error", "human": "x"}],
            },
            {"id": "Patient.name", "path": "Patient.name", "min": 1, "max": "2"},
            {
                "id": "Patient.generalPractitioner",
                "path": "Patient.generalPractitioner",
                "type": [
                    {
                        "code": "Reference",
                        "targetProfile": ["http://hl7.org/fhir/StructureDefinition/Organization"],
                    }
                ],
            },
        ]
    },
}

UCUM = "http://unitsofmeasure.org"
MEDICATION_REQUEST: dict[str, Any] = {
    "resourceType": "MedicationRequest",
    "status": "active",
    "intent": "order",
    "medicationCodeableConcept": {"text": "Sertraline"},
    "subject": {"reference": "Patient/p1"},
    "requester": {"reference": "Practitioner/d1"},
    "dosageInstruction": [
        {
            "timing": {
                "repeat": {
                    "frequency": 1,
                    "period": 1,
                    "periodUnit": "d",
                    "dayOfWeek": ["mon", "tue"],
                }
            },
            "doseAndRate": [{"doseQuantity": {"value": 50, "system": UCUM, "code": "mg"}}],
        }
    ],
    "dispenseRequest": {"validityPeriod": {"start": "2026-01-01", "end": "2026-12-31"}},
}

ENCOUNTER: dict[str, Any] = {
    "resourceType": "Encounter",
    "status": "finished",
    "class": {"system": f"{SYSTEMS}/v3-ActCode", "code": "AMB"},
    "statusHistory": [{"status": "planned", "period": {"start": "2026-03-01"}}],
    "participant": [{"individual": {"reference": "Practitioner/d1"}}],
    "length": {"value": 30, "system": UCUM, "code": "min"},
    "diagnosis": [{"condition": {"reference": "Condition/c1"}, "rank": 1}],
    "location": [{"location": {"reference": "Location/l1"}}],
}

CARE_PLAN: dict[str, Any] = {
    "resourceType": "CarePlan",
    "status": "active",
    "intent": "plan",
    "instantiatesCanonical": ["http://example.org/PlanDefinition/one|1"],
    "subject": {"reference": "Patient/p1"},
    "activity": [
        {
            "detail": {
                "kind": "Appointment",
                "status": "scheduled",
                "scheduledPeriod": {"start": "2026-03-01"},
            }
        }
    ],
    "note": [{"text": "Steady"}],
}

VALID = {
    "Patient": PATIENT,
    "Observation": OBSERVATION,
    "Bundle": BUNDLE,
    "Parameters": PARAMETERS,
    "AllergyIntolerance": ALLERGY,
    "Questionnaire": QUESTIONNAIRE,
    "StructureDefinition": STRUCTURE,
    "MedicationRequest": MEDICATION_REQUEST,
    "Encounter": ENCOUNTER,
    "CarePlan": CARE_PLAN,
}


def damaged(resource: dict[str, Any], place: str, value: object) -> dict[str, Any]:
    """Copy a resource with another value (or none: DROP) at a place such as `name.0.given`."""
    # Through text, so that what is shared in the original is damaged in one place only.
    copy: dict[str, Any] = json.loads(json.dumps(resource))
    *steps, last = [int(step) if step.isdigit() else step for step in place.split(".")]
    node: Any = copy
    for step in steps:
        node = node[step]
    if value is DROP:
        del node[last]
    else:
        node[last] = value
    return copy
