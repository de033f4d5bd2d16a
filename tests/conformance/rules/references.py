"""References to what is here, and to what is elsewhere. https://hl7.org/fhir/R4/references.html"""

from typing import Any, Unpack

from tests.conformance.rules.rule import Answer, Ask, observation, rule


def _about(status: int, reference: dict[str, Any], **answer: Unpack[Answer]) -> Ask:
    return Ask("POST", "/Observation", status, observation(subject=reference), **answer)


_INSIDE = {"reference": "#inside"}
_HELD = [{"resourceType": "Patient", "id": "inside"}]

RULES = (
    rule(
        "a reference leads to something",
        _about(201, {"reference": "Patient/TOKEN"}),
        _about(201, {"reference": "Patient/TOKEN/_history/1"}),
        _about(201, {"identifier": {"value": "TOKEN"}}),
        Ask("POST", "/Observation", 201, observation(subject=_INSIDE, contained=_HELD)),
        _about(201, {"reference": "https://elsewhere.example/fhir/Patient/1"}),
        _about(
            422,
            {"reference": "Patient/TOKEN-unknown"},
            code="not-found",
            text=r"Observation\.subject",
        ),
        _about(422, {"reference": "Patient/TOKEN-gone"}, code="not-found"),
        _about(422, _INSIDE, code="invariant"),
    ),
    rule(
        "a reference leads to a type that may stand there",
        _about(201, {"reference": "Patient/TOKEN", "type": "Patient"}),
        _about(422, {"reference": "Observation/TOKEN-about"}, code="value"),
        _about(422, {"reference": "Patient/TOKEN", "type": "Group"}, code="value"),
    ),
)
