"""Resources that the tests of FHIRPath ask about."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from shared.fhir.fhirpath import Environment, evaluate, root_node
from shared.fhir.fhirpath.quantity import Quantity
from shared.fhir.fhirpath.temporal import Temporal
from shared.fhir.reader import read

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p1",
    "contained": [{"resourceType": "Organization", "id": "o1", "name": "Harbour"}],
    "extension": [
        {"url": "http://example.org/a", "valueString": "first"},
        {"url": "http://example.org/b", "valueCoding": {"system": "s", "code": "c"}},
    ],
    "active": True,
    "name": [
        {"use": "official", "family": "Rivera", "given": ["Ana", "Maria"]},
        {"use": "usual", "given": ["Ani"]},
        {
            "use": "maiden",
            "family": "Campos",
            "given": ["Ana", None],
            "_given": [None, {"extension": [{"url": "http://example.org/a", "valueCode": "x"}]}],
            "period": {"end": "2002"},
        },
    ],
    "telecom": [
        {"system": "phone", "value": "555", "rank": 1},
        {"system": "email", "value": "a@b"},
    ],
    "birthDate": "1974-12-25",
    "_birthDate": {
        "extension": [{"url": "http://example.org/time", "valueDateTime": "1974-12-25T14:35:45Z"}]
    },
    "_gender": {"extension": [{"url": "http://example.org/a", "valueString": "asked"}]},
    "deceasedBoolean": False,
    "managingOrganization": {"reference": "#o1"},
    "generalPractitioner": [{"reference": "Practitioner/d1"}],
}
OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "id": "w1",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]},
    "effectiveDateTime": "2026-03-28",
    "issued": "2026-03-28T10:00:00.5+02:00",
    "valueQuantity": {
        "value": 185.50,
        "unit": "lbs",
        "system": "http://unitsofmeasure.org",
        "code": "[lb_av]",
    },
    "component": [
        {"code": {"text": "one"}, "valueInteger": 3},
        {"code": {"text": "two"}, "valueString": "x"},
        {"code": {"text": "three"}, "valueTime": "10:30:00"},
    ],
}


def plain(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, Temporal):
        return value.written()
    if isinstance(value, Quantity | Decimal):
        return str(value)
    return value


def answers(expression: str, resource: dict[str, Any] = PATIENT, **world: Any) -> list[Any]:  # noqa: ANN401
    """Evaluate an expression on a resource as it was read; numbers and times come as text."""
    root = root_node(read(json.dumps(resource).encode()))
    environment = Environment(root, root, root, **world)
    return [plain(node.system) for node in evaluate(expression, root, environment)]
