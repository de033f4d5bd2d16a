"""References to what is here, and to what is elsewhere. https://hl7.org/fhir/R4/references.html"""

from typing import Any, Unpack

from tests.conformance.rules.rule import Answer, Ask, bundle, observation, patient, rule


def _about(status: int, reference: dict[str, Any], **answer: Unpack[Answer]) -> Ask:
    return Ask("POST", "/Observation", status, observation(subject=reference), **answer)


def _made_from(status: int, source: str, **answer: Unpack[Answer]) -> Ask:
    return Ask("POST", "/Provenance", status, _provenance(source, "Patient/TOKEN"), **answer)


def _provenance(source: str, target: str) -> dict[str, Any]:
    return {
        "resourceType": "Provenance",
        "target": [{"reference": target}],
        "recorded": "2026-01-01T00:00:00Z",
        "agent": [{"who": {"display": "Somebody"}}],
        "entity": [{"role": "source", "what": {"reference": source}}],
    }


_INSIDE = {"reference": "#inside"}
_HELD = [{"resourceType": "Patient", "id": "inside"}]

_URN = "urn:uuid:0b9f0d5c-4b0f-4c5e-9d39-2d1f6f1f0a02"
_NAMED = {"fullUrl": _URN, "resource": patient()}
_NAMING = {
    "fullUrl": "urn:uuid:0b9f0d5c-4b0f-4c5e-9d39-2d1f6f1f0a03",
    "resource": observation(subject={"reference": _URN}),
}
_LINKED = {"reference": "Patient/TOKEN"}
# None of these is Type/id, an absolute URL, a urn or #id.
_FORMLESS = ("foo", "Nonsense/1", "Patient", "Patient/a_b", "/Patient/TOKEN", "Patient/TOKEN/", "")

RULES = (
    rule(
        "a reference leads to something",
        _about(201, {"reference": "Patient/TOKEN"}),
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
        "a reference to a version leads to one that was",
        _about(201, {"reference": "Patient/TOKEN/_history/1"}),
        _about(201, {"reference": "Patient/TOKEN/_history/2"}),
        *(
            _about(
                422,
                {"reference": f"Patient/TOKEN/_history/{version}"},
                code="not-found",
                text=rf"Patient/TOKEN has no version {version}.*Observation\.subject",
            )
            for version in ("3", "0", "x", "01", "4294967297")
        ),
        # What is deleted has versions, and no reference leads to it.
        _about(422, {"reference": "Patient/TOKEN-gone/_history/1"}, code="not-found"),
    ),
    rule(
        "what a Provenance names as its source may be deleted, if that version of it was",
        *(_made_from(201, f"Patient/TOKEN-gone/_history/{version}") for version in (1, 2)),
        *(
            _made_from(422, text, code="not-found", text=r"Provenance\.entity\[0\]\.what")
            for text in ("Patient/TOKEN-gone/_history/3", "Patient/TOKEN-gone")
        ),
        Ask(
            "POST",
            "/Provenance",
            422,
            _provenance("Patient/TOKEN/_history/1", "Patient/TOKEN-gone/_history/1"),
            code="not-found",
            text=r"Provenance\.target\[0\]",
        ),
    ),
    rule(
        "a reference has one of FHIR's forms",
        _about(201, _LINKED),
        _about(201, {"reference": "https://elsewhere.example/anything"}),
        *(
            _about(422, {"reference": text}, code="value", text=r"Observation\.subject")
            for text in _FORMLESS
        ),
    ),
    rule(
        "a urn leads to an entry of the same Bundle, and outside of one nowhere",
        Ask("POST", "/Bundle", 201, bundle("collection", _NAMED, _NAMING)),
        _about(422, {"reference": _URN}, code="not-found", text=r"Observation\.subject"),
        _about(422, {"reference": "urn:oid:1.2.3"}, code="not-found"),
    ),
    rule(
        "a reference leads to a type that may stand there",
        _about(201, {"reference": "Patient/TOKEN", "type": "Patient"}),
        _about(422, {"reference": "Observation/TOKEN-about"}, code="value"),
        _about(422, {"reference": "Patient/TOKEN", "type": "Group"}, code="value"),
    ),
)
