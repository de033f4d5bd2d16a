"""What is known again is no less checked: a code seen before, a Reference of the usual form."""

from __future__ import annotations

from typing import Any

import pytest

from shared.fhir.validation import validate
from tests.unit.fhir_validation.resources import PATIENT, damaged

CODING = {"system": "http://example.org/s", "code": "a", "display": "A"}


def faults(place: str, value: object) -> list[tuple[str | None, str]]:
    return [(each.expression, each.code) for each in validate(damaged(PATIENT, place, value))]


@pytest.mark.parametrize(
    ("coding", "expected"),
    [
        (CODING | {"unknown": "x"}, ".unknown"),
        ({"system": CODING["system"], "code": "a", "unknown": "A"}, ".unknown"),
        (CODING | {"display": ""}, ".display"),
        (CODING | {"display": None}, ".display"),
        (CODING | {"code": ["a"]}, ".code"),
        (CODING | {"code": {"a": 1}}, ".code"),
        (CODING | {"code": 1}, ".code"),
        (CODING | {"code": True}, ".code"),
        (CODING | {"userSelected": "yes"}, ".userSelected"),
        ({"code": CODING["system"], "system": "a a"}, ".system"),
        ({"id": "x"}, ""),
        ({}, ""),
        ("a", ""),
    ],
)
def test_a_fault_in_a_coding_is_found_after_the_like_was_accepted(
    coding: Any,  # noqa: ANN401
    expected: str,
) -> None:
    place = "communication.0.language.coding"
    for _ in range(2):
        assert faults(place, [CODING, CODING]) == []
        assert faults(place, [CODING | {"userSelected": True}]) == []
        assert faults(place, [{"code": "a"}]) == []
        ((where, _),) = faults(place, [CODING, coding])
        assert where == f"Patient.communication[0].language.coding[1]{expected}"


@pytest.mark.parametrize(
    ("concept", "expected"),
    [
        ({"coding": [CODING], "text": "A", "unknown": "x"}, ".unknown"),
        ({"coding": [CODING | {"unknown": "x"}]}, ".coding[0].unknown"),
        ({"coding": [{"system": CODING["system"], "code": "a"}], "unknown": "A"}, ".unknown"),
        ({"coding": [CODING], "text": ""}, ".text"),
        ({"coding": [CODING], "text": None}, ".text"),
        ({"coding": [CODING], "text": ["A"]}, ".text"),
        ({"coding": [CODING | {"code": True}], "text": "A"}, ".coding[0].code"),
        ({"coding": [CODING | {"display": None}], "text": "A"}, ".coding[0].display"),
        ({"coding": CODING, "text": "A"}, ".coding"),
        ({"coding": ["a"], "text": "A"}, ".coding[0]"),
        ({"coding": [], "text": "A"}, ".coding"),
        ({"coding": "a", "text": "A"}, ".coding"),
        ([], ""),
    ],
)
def test_a_fault_in_a_concept_is_found_after_the_like_was_accepted(
    concept: Any,  # noqa: ANN401
    expected: str,
) -> None:
    place = "communication.0.language"
    for _ in range(2):
        assert faults(place, {"coding": [CODING], "text": "A"}) == []
        assert faults(place, {"coding": [CODING]}) == []
        assert faults(place, {"id": "x", "coding": [{"code": "a"}]}) == []
        ((where, _),) = faults(place, concept)
        assert where == f"Patient.communication[0].language{expected}"


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ({"reference": "Organization/1", "display": ""}, ".display"),
        ({"reference": "Organization/1", "display": 1}, ".display"),
        ({"reference": ["Organization/1"]}, ".reference"),
        ({"display": "a\x00"}, ".display"),
        ({"reference": None}, ".reference"),
        ({"reference": "Organization/1", "unknown": "x"}, ".unknown"),
        ({"reference": "Patient/1", "display": "x"}, ""),
        ({}, ""),
        ([], ""),
        ("Organization/1", ""),
    ],
)
def test_a_fault_in_a_reference_is_found(reference: object, expected: str) -> None:
    place = "contact.0.organization"

    assert faults(place, {"reference": "Organization/1", "display": "x"}) == []
    ((where, _),) = faults(place, reference)
    assert where == f"Patient.contact[0].organization{expected}"
