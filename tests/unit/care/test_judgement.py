"""The law about judgements of criteria: what nobody would find is refused, not lost."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from services.intake_api.domain.level_of_care.library import CRITERIA_SETS
from shared.care import laws
from shared.care.judgement import CRITERIA, SYSTEM
from shared.care.law import CareChange

NOW = datetime(2026, 3, 1, tzinfo=UTC)
TRUE = {"valueBoolean": True}


def refused(
    code: str, value: dict[str, Any], system: str = SYSTEM, status: str = "final"
) -> list[Any]:
    observation = {
        "resourceType": "Observation",
        "status": status,
        "code": {"coding": [{"system": system, "code": code}]},
        **value,
    }
    change = CareChange(None, observation, NOW)
    return [each.expression for each in laws.broken_laws("Observation", change)]


def test_the_criteria_are_those_of_the_published_sets() -> None:
    assert set(CRITERIA) == {each.id for told in CRITERIA_SETS for each in told.criteria}


@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("value", [TRUE, {"valueBoolean": False}, {"dataAbsentReason": {}}])
def test_a_criterion_is_judged(criterion: str, value: dict[str, Any]) -> None:
    assert refused(criterion, value) == []


@pytest.mark.parametrize("code", ["EXC-IMINENT", "exc-imminent", "EXC_IMMINENT", ""])
def test_a_criterion_that_is_spelled_otherwise_is_refused(code: str) -> None:
    assert refused(code, TRUE) == ["Observation.code"]
    assert refused(code, TRUE, status="preliminary") == []
    assert refused(code, TRUE, system="http://loinc.org") == []


@pytest.mark.parametrize(
    "value", [{}, {"valueString": "yes"}, {"valueInteger": 1}, {"valueCodeableConcept": {}}]
)
def test_a_value_that_is_neither_true_nor_false_is_refused(value: dict[str, Any]) -> None:
    assert refused("EXC-IMMINENT", value) == ["Observation.value"]
    assert refused("EXC-IMMINENT", value, status="entered-in-error") == []
