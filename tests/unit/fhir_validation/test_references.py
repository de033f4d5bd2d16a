"""A reference may point only to the types its element allows, where its text tells the type."""

from __future__ import annotations

import pytest

from shared.fhir.validation import validate
from tests.unit.fhir_validation.resources import OBSERVATION, damaged


def faults(reference: dict[str, object]) -> list[str | None]:
    return [issue.expression for issue in validate(damaged(OBSERVATION, "encounter", reference))]


@pytest.mark.parametrize(
    "literal",
    [
        "Encounter/e1",
        "Encounter/e1/_history/3",
        "https://example.org/a/b/Encounter/e1",
        "http://example.org/Encounter/e1/_history/1",
        "urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
        "urn:oid:1.2.3",
        "#",
        "Encounter?identifier=1",
        "Patient?identifier=1",
        "https://example.org/Patient",
        "https://example.org/files/Patient/7/page.html",
        "Unknown/1",
    ],
)
def test_a_target_that_is_allowed_or_cannot_be_told_passes(literal: str) -> None:
    assert faults({"reference": literal}) == []


@pytest.mark.parametrize(
    "literal",
    [
        "Patient/p1",
        "Patient/p1/_history/1",
        "https://example.org/fhir/Patient/p1",
        "http://example.org/Encounter/e1/Patient/p1/_history/2",
    ],
)
def test_a_target_of_another_type_is_refused(literal: str) -> None:
    assert faults({"reference": literal}) == ["Observation.encounter"]


def test_the_type_of_a_reference_must_be_allowed_and_agree() -> None:
    assert faults({"reference": "Encounter/e1", "type": "Encounter"}) == []
    assert faults({"reference": "#", "type": "Encounter"}) == []
    assert faults({"type": "http://example.org/Model", "display": "a model"}) == []
    assert faults({"type": "Patient", "identifier": {"value": "1"}}) == ["Observation.encounter"]

    anything = damaged(OBSERVATION, "focus", [{"reference": "Flag/f1", "type": "Patient"}])
    assert [issue.expression for issue in validate(anything)] == ["Observation.focus[0]"]


def test_a_type_agrees_in_each_of_its_forms_and_with_what_is_contained() -> None:
    structures = "http://hl7.org/fhir/StructureDefinition"
    wrong = ["Observation.encounter"]

    assert faults({"reference": "Encounter/e1", "type": f"{structures}/Encounter"}) == []
    assert faults({"reference": "Encounter/e1", "type": f"{structures}/Patient"}) == wrong
    assert faults({"reference": "Encounter/e1", "type": "Nonsense"}) == wrong
    assert faults({"reference": "Encounter/e1", "type": "http://example.org/Model"}) == wrong

    inside = {"resourceType": "Patient", "id": "p"}
    for said, expected in (("Patient", []), ("Group", ["Observation.subject"])):
        told = damaged(OBSERVATION, "subject", {"reference": "#p", "type": said})
        issues = validate(told | {"contained": [inside]})
        assert [issue.expression for issue in issues] == expected


def test_a_reference_without_named_targets_may_point_to_any_type() -> None:
    for literal in ("Patient/p1", "Basic/b1", "https://example.org/Task/t1"):
        assert validate(damaged(OBSERVATION, "focus", [{"reference": literal}])) == []


def test_nulls_that_a_twin_explains_hide_no_fault_of_the_reference_around_them() -> None:
    name = {"given": [None], "_given": [{"extension": [{"url": "urn:a", "valueCode": "b"}]}]}
    extension = [{"url": "http://example.org/n", "valueHumanName": name}]

    assert faults({"reference": "Encounter/e1", "extension": extension}) == []
    assert faults({"reference": "Patient/p1", "extension": extension}) == ["Observation.encounter"]
