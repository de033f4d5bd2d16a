"""Each single fault against a profile is found once, at its place, with its code.

The profile is written twice, as a differential and as a snapshot, and both find the same.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.fhir_validation.resources import DROP, damaged
from tests.unit.profiles.definitions import (
    FHIR,
    HERE,
    SYSTEM,
    concept,
    element,
    faults,
    profile,
)

GENDER = "http://hl7.org/fhir/ValueSet/administrative-gender"
GENDERS = "http://hl7.org/fhir/administrative-gender"
MARITAL = "http://hl7.org/fhir/ValueSet/marital-status"
MARRIED = concept("M", "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus")


def sliced(name: str, kind: str, path: str, **said: Any) -> dict[str, Any]:  # noqa: ANN401
    by = {"discriminator": [{"type": kind, "path": path}], "rules": "open", **said}
    return element(name, slicing=by)


def typed(code: str, **said: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"type": [{"code": code, **said}]}


def rule(key: str, expression: str) -> dict[str, Any]:
    said = {"key": key, "severity": "error", "human": key, "expression": expression}
    return {"constraint": [said]}


def bound(strength: str, value_set: str) -> dict[str, Any]:
    return {"binding": {"strength": strength, "valueSet": value_set}}


NOTE = profile(
    "note",
    "Extension",
    element("Extension.url", fixedUri=f"{HERE}/note"),
    element("Extension.value[x]", min=1, **typed("string")),
)
# By which a slice is told from others.
NAMED = profile("named", "Organization", element("Organization.name", min=1))

OBS, C, P, A, E, K = (
    *("Observation", "Condition", "Patient"),
    *("Appointment", "Encounter", "CarePlan"),
)
PROFILES: dict[str, list[dict[str, Any]]] = {
    OBS: [
        element(OBS, **rule("one-1", "issued.empty()")),
        element(f"{OBS}.status", fixedCode="final"),
        element(f"{OBS}.code", patternCodeableConcept=concept("panel")),
        element(f"{OBS}.subject", min=1, **typed("Reference", targetProfile=[f"{FHIR}/Patient"])),
        element(f"{OBS}.effective[x]", min=1, **typed("dateTime")),
        element(f"{OBS}.method", max="0"),
        element(f"{OBS}.value[x]", maxValueInteger=27, minValueInteger=0),
        element(f"{OBS}.value[x]:valueString", maxLength=3),
        sliced(f"{OBS}.component", "pattern", "code", rules="closed", ordered=True),
        element(f"{OBS}.component:low", min=1, max="2"),
        element(f"{OBS}.component:low.code", patternCodeableConcept=concept("low")),
        element(f"{OBS}.component:low.value[x]", min=1, **typed("integer")),
        element(f"{OBS}.component:high", max="1"),
        element(f"{OBS}.component:high.code", patternCodeableConcept=concept("high")),
        element(f"{OBS}.component:high.interpretation", max="0"),
    ],
    C: [
        element(f"{C}.recordedDate", min=1),
        sliced(f"{C}.category", "value", "coding.code"),
        element(f"{C}.category:one", min=1, max="1"),
        element(f"{C}.category:one.coding.code", min=1, fixedCode="one"),
        element(f"{C}.category:one.text", min=1),
        sliced(f"{C}.stage", "exists", "summary"),
        element(f"{C}.stage:told", max="1"),
        element(f"{C}.stage:told.summary", min=1),
        element(f"{C}.stage:untold", max="1"),
        element(f"{C}.stage:untold.summary", max="0"),
        element(f"{C}.stage:untold.type", min=1),
        element(f"{C}.note", max="1", **rule("con-b", "text.length() > 3")),
    ],
    P: [
        element(f"{P}.gender", min=1),
        element(f"{P}.maritalStatus", **bound("required", MARITAL)),
        element(f"{P}.communication.language", **bound("required", GENDER)),
        element(f"{P}.extension:note", min=1, max="1", **typed("Extension", profile=[NOTE["url"]])),
        sliced(f"{P}.identifier", "value", "system", rules="openAtEnd"),
        element(f"{P}.identifier:ours", min=1, max="1"),
        element(f"{P}.identifier:ours.system", min=1, fixedUri=SYSTEM),
        element(f"{P}.identifier:ours.value", min=1, maxLength=4),
        element(f"{P}.name", min=1, max="2", **rule("pat-a", "family.exists() or given.exists()")),
        sliced(f"{P}.deceased[x]", "type", "$this", rules="closed"),
        element(f"{P}.deceased[x]:deceasedBoolean", max="1", **typed("boolean")),
        element(f"{P}.deceased[x]:deceasedBoolean", fixedBoolean=False),
        element(f"{P}.contact.telecom", min=1),
    ],
    A: [
        sliced(f"{A}.participant", "type", "actor.resolve()"),
        element(f"{A}.participant:patient", min=1, max="1"),
        element(
            f"{A}.participant:patient.actor",
            min=1,
            **typed("Reference", targetProfile=[f"{FHIR}/Patient"]),
        ),
        element(f"{A}.participant:patient.status", fixedCode="accepted"),
        element(f"{A}.minutesDuration", maxValuePositiveInt=60),
        element(f"{A}.comment", min=1),
    ],
    E: [
        sliced(f"{E}.contained", "profile", "$this"),
        element(f"{E}.contained:named", min=1, **typed("Resource", profile=[NAMED["url"]])),
        element(f"{E}.class", patternCoding={"system": SYSTEM}),
        element(f"{E}.period", min=1),
        element(f"{E}.period.start", min=1, minValueDateTime="2020"),
        element(f"{E}.serviceProvider", min=1),
    ],
    K: [
        element(f"{K}.intent", patternCode="plan"),
        element(f"{K}.title", min=1, maxLength=5),
        sliced(f"{K}.activity.detail.code.coding", "value", "system"),
        element(f"{K}.activity.detail.code.coding:ours", max="1"),
        element(f"{K}.activity.detail.code.coding:ours.system", min=1, fixedUri=SYSTEM),
        element(f"{K}.activity.detail.description", min=1),
    ],
}  # fmt: skip
SEEN = [{"reference": "Observation/1"}]
VALID: dict[str, dict[str, Any]] = {
    OBS: {
        "status": "final",
        "code": concept("panel"),
        "subject": {"reference": "Patient/1"},
        "effectiveDateTime": "2026-03-01",
        "valueInteger": 5,
        "component": [
            {"code": concept("low"), "valueInteger": 1},
            {"code": concept("high"), "valueString": "a lot"},
        ],
    },
    C: {
        "subject": {"reference": "Patient/1"},
        "recordedDate": "2026-03-01",
        "category": [concept("one") | {"text": "one"}, concept("other")],
        "stage": [{"summary": {"text": "x"}}, {"type": {"text": "x"}, "assessment": SEEN}],
        "note": [{"text": "seen"}],
    },
    P: {
        "gender": "female",
        "maritalStatus": MARRIED,
        "communication": [{"language": concept("male", GENDERS)}],
        "extension": [{"url": f"{HERE}/note", "valueString": "x"}],
        "identifier": [
            {"system": SYSTEM, "value": "1234"},
            {"system": "http://example.org/others", "value": "123"},
        ],
        "name": [{"family": "Rivera"}],
        "deceasedBoolean": False,
        "contact": [{"telecom": [{"system": "phone", "value": "555"}]}],
    },
    A: {
        "status": "booked",
        "start": "2026-03-01T09:00:00Z",
        "end": "2026-03-01T10:00:00Z",
        "minutesDuration": 60,
        "comment": "first visit",
        "participant": [
            {"actor": {"reference": "Patient/1"}, "status": "accepted"},
            {"actor": {"reference": "Location/1"}, "status": "tentative"},
        ],
    },
    E: {
        "contained": [{"resourceType": "Organization", "id": "o", "name": "Harbour"}],
        "status": "planned",
        "class": {"system": SYSTEM, "code": "x"},
        "period": {"start": "2026-03-01"},
        "serviceProvider": {"reference": "#o"},
    },
    K: {
        "status": "active",
        "intent": "plan",
        "title": "Steps",
        "subject": {"reference": "Patient/1"},
        "activity": [
            {"detail": {"status": "unknown", "description": "walk", "code": concept("walk")}}
        ],
    },
}
VALID = {name: {"resourceType": name, **members} for name, members in VALID.items()}

LOW = {"code": concept("low"), "valueInteger": 1}
OTHER = {"system": "http://example.org/others", "value": "7"}

# type, place of the damage, what is put there, where the issue must be, its code
MUTANTS: list[tuple[str, str, Any, str, str]] = [
    # How many
    (OBS, "subject", DROP, "Observation", "required"),
    (OBS, "effectiveDateTime", DROP, "Observation", "required"),
    (OBS, "method", concept("m"), "Observation.method", "structure"),
    (C, "recordedDate", DROP, "Condition", "required"),
    (C, "note", [{"text": "seen"}] * 2, "Condition.note", "structure"),
    (P, "gender", DROP, "Patient", "required"),
    (P, "name", DROP, "Patient", "required"),
    (P, "name", [{"family": "x"}] * 3, "Patient.name", "structure"),
    (P, "contact.0", {"name": {"text": "x"}}, "Patient.contact[0]", "required"),
    (A, "comment", DROP, "Appointment", "required"),
    (E, "period", DROP, "Encounter", "required"),
    (E, "period", {"end": "2026"}, "Encounter.period", "required"),
    (K, "title", DROP, "CarePlan", "required"),
    (K, "activity.0.detail.description", DROP, "CarePlan.activity[0].detail", "required"),
    # Fixed values, patterns and limits
    (OBS, "status", "amended", "Observation.status", "value"),
    (OBS, "code", concept("other"), "Observation.code", "value"),
    (OBS, "code.coding.0.system", "http://example.org/x", "Observation.code", "value"),
    (OBS, "valueInteger", 28, "Observation.value", "value"),
    (OBS, "valueInteger", -1, "Observation.value", "value"),
    (E, "class", {"system": "http://example.org/x", "code": "x"}, "Encounter.class", "value"),
    (E, "class", {"code": "x"}, "Encounter.class", "value"),
    (E, "period.start", "2019-12-31", "Encounter.period.start", "value"),
    (K, "intent", "order", "CarePlan.intent", "value"),
    (K, "title", "Six steps", "CarePlan.title", "too-long"),
    (A, "minutesDuration", 61, "Appointment.minutesDuration", "value"),
    # Types and targets
    (OBS, "subject", {"reference": "Group/1"}, "Observation.subject", "value"),
    (OBS, "subject", {"type": "Location", "display": "x"}, "Observation.subject", "value"),
    # Bindings
    (P, "maritalStatus", concept("M"), "Patient.maritalStatus", "code-invalid"),
    (P, "maritalStatus", {"text": "married"}, "Patient.maritalStatus", "code-invalid"),
    (P, "communication.0.language", concept("fr", GENDERS), "Patient.communication[0].language",
     "code-invalid"),
    # Rules
    (OBS, "issued", "2026-03-01T09:00:00Z", "Observation", "invariant"),
    (C, "note.0.text", "no", "Condition.note[0]", "invariant"),
    (P, "name.0", {"text": "Rivera"}, "Patient.name[0]", "invariant"),
    # Slices by pattern, closed and in order
    (OBS, "component.0", DROP, "Observation", "required"),
    (OBS, "component", [LOW, LOW, LOW], "Observation.component", "structure"),
    (OBS, "component", [VALID[OBS]["component"][1], LOW], "Observation.component[1]", "structure"),
    (OBS, "component.1.code", concept("other"), "Observation.component[1]", "structure"),
    (OBS, "component.0", {"code": concept("low")}, "Observation.component[0]", "required"),
    (OBS, "component.0", {"code": concept("low"), "valueString": "x"},
     "Observation.component[0].value", "value"),
    (OBS, "component.1.interpretation", [concept("H")], "Observation.component[1].interpretation",
     "structure"),
    # Slices by value, and what must stand at the end
    (C, "category.0", DROP, "Condition", "required"),
    (C, "category.0.text", DROP, "Condition.category[0]", "required"),
    (C, "category.1", concept("one") | {"text": "x"}, "Condition.category", "structure"),
    (P, "identifier.0.system", "http://example.org/x", "Patient", "required"),
    (P, "identifier.0.value", "12345", "Patient.identifier[0].value", "too-long"),
    (P, "identifier.0.value", DROP, "Patient.identifier[0]", "required"),
    (P, "identifier.1.system", SYSTEM, "Patient.identifier", "structure"),
    (P, "identifier", [OTHER, VALID[P]["identifier"][0]], "Patient.identifier[0]", "structure"),
    (K, "activity.0.detail.code.coding", concept("a")["coding"] * 2,
     "CarePlan.activity[0].detail.code.coding", "structure"),
    # Slices by what exists
    (C, "stage.1", {"summary": {"text": "y"}}, "Condition.stage", "structure"),
    (C, "stage.1", {"assessment": SEEN}, "Condition.stage[1]", "required"),
    # Slices by type, of a choice and of what a reference leads to
    (P, "deceasedBoolean", True, "Patient.deceased", "value"),
    (A, "participant.0", DROP, "Appointment", "required"),
    (A, "participant.0.status", "declined", "Appointment.participant[0].status", "value"),
    (A, "participant.1", {"actor": {"reference": "Patient/2"}, "status": "accepted"},
     "Appointment.participant", "structure"),
    # Slices by profile
    (P, "extension", DROP, "Patient", "required"),
    (P, "extension.0.url", "http://example.org/x", "Patient", "required"),
    (P, "extension", VALID[P]["extension"] * 2, "Patient.extension", "structure"),
    (E, "contained.0", {"resourceType": "Organization", "id": "o", "alias": ["x"],
                        "identifier": [{"value": "1"}]}, "Encounter", "required"),
]  # fmt: skip


def written(name: str, part: str) -> dict[str, Any]:
    """Write a profile by what it adds, or by all there is to say."""
    definition = profile("one", name, *PROFILES[name])
    return definition | {part: definition.pop("differential")}


BOTH = pytest.mark.parametrize("part", ["differential", "snapshot"])


@BOTH
@pytest.mark.parametrize(
    ("resource_type", "place", "value", "expression", "code"),
    MUTANTS,
    ids=[f"{number}-{mutant[0]}.{mutant[1]}" for number, mutant in enumerate(MUTANTS)],
)
def test_a_single_fault_against_a_profile_is_found_once_at_its_place(
    resource_type: str, place: str, value: object, expression: str, code: str, part: str
) -> None:
    resource = damaged(VALID[resource_type], place, value)

    found = faults(resource, written(resource_type, part), NOTE, NAMED)
    assert found == [(code, expression)]


@BOTH
@pytest.mark.parametrize("resource_type", VALID)
def test_the_resources_keep_their_profiles_before_they_are_damaged(
    resource_type: str, part: str
) -> None:
    assert faults(VALID[resource_type], written(resource_type, part), NOTE, NAMED) == []
