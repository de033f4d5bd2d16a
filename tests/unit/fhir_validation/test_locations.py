"""Where an issue is located, and what its text may tell."""

from __future__ import annotations

import pytest

from shared.fhir.validation import validate
from tests.unit.fhir_validation.resources import DROP, OBSERVATION, PATIENT, damaged


def test_a_missing_element_is_told_at_its_parent_and_named() -> None:
    (issue,) = validate(damaged(OBSERVATION, "component.1.code", DROP))

    assert issue.expression == "Observation.component[1]"
    assert "'code'" in issue.diagnostics


def test_a_choice_is_located_by_the_name_of_its_element() -> None:
    (issue,) = validate(damaged(OBSERVATION, "valueQuantity.unit", 1))

    assert issue.expression == "Observation.value.unit"


def test_a_twin_is_located_at_the_element_it_belongs_to() -> None:
    (issue,) = validate(damaged(PATIENT, "_birthDate.extension.0.valueString", ""))

    assert issue.expression == "Patient.birthDate.extension[0].value"


def test_all_faults_are_told_at_once() -> None:
    faulty = damaged(damaged(PATIENT, "gender", "x"), "name.0.given.0", 1)

    assert {issue.expression for issue in validate(faulty)} == {
        "Patient.gender",
        "Patient.name[0].given[0]",
    }


@pytest.mark.parametrize(
    "resource", [{}, {"resourceType": {"a": 1}}, {"resourceType": "Ana Rivera"}]
)
def test_what_is_no_resource_is_located_at_no_type_of_its_own(resource: dict[str, object]) -> None:
    (issue,) = validate(resource)

    assert issue.expression == "Resource"
    assert "Rivera" not in issue.diagnostics


@pytest.mark.parametrize("name", ["Ana Rivera", "a.b", "x" * 65, "é", "", "[0]"])
def test_a_property_whose_name_is_no_name_is_located_at_its_parent(name: str) -> None:
    (issue,) = validate({**PATIENT, name: 1})

    assert issue.expression == "Patient"
    assert not name or name not in issue.diagnostics


def test_a_resource_with_only_its_type_is_valid_where_nothing_is_required() -> None:
    assert validate({"resourceType": "Patient"}) == []
    assert validate({"resourceType": "Patient", "id": "p1"}) == []
    assert [issue.code for issue in validate({"resourceType": "Observation"})] == ["required"] * 2
