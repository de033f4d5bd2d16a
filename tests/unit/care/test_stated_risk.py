"""The last suicide risk is the last in time, whatever zone its writer's clock was in."""

from __future__ import annotations

from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shared.care.stated_risk import last_answer

LOW, HIGH = "LA9194-7", "LA9193-9"


def stated(code: str, **when: object) -> dict[str, Any]:
    loinc = {"system": "http://loinc.org", "code": code}
    return {"valueCodeableConcept": {"coding": [loinc]}, **when}


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        # As texts these stand the other way round.
        ("2026-11-23T01:00:00+05:00", "2026-11-22T23:00:00Z"),
        ("2026-11-22T23:00:00Z", "2026-11-22T20:00:00-05:00"),
        ("2026-11-22T23:00:00Z", "2026-11-22T23:00:00.5Z"),
    ],
)
def test_the_last_in_time_counts(earlier: str, later: str) -> None:
    told = [stated(HIGH, effectiveDateTime=later), stated(LOW, effectiveDateTime=earlier)]
    assert last_answer(told, UTC) == last_answer(told[::-1], UTC) == HIGH


def test_a_period_and_an_instant_are_times_too() -> None:
    before = stated(LOW, effectiveDateTime="2026-11-22T10:00:00Z")
    period = {"start": "2026-11-22T09:00:00Z", "end": "2026-11-22T11:00:00Z"}
    assert last_answer([stated(HIGH, effectivePeriod=period), before], UTC) == HIGH
    instant = stated(HIGH, effectiveInstant="2026-11-22T10:30:00Z")
    assert last_answer([instant, before], UTC) == HIGH
    assert last_answer([stated(HIGH), before], UTC) == LOW


def test_a_day_is_one_of_the_site() -> None:
    evening = stated(LOW, effectiveDateTime="2026-11-23T04:30:00Z")
    day = stated(HIGH, effectiveDateTime="2026-11-23")
    assert last_answer([evening, day], ZoneInfo("America/New_York")) == HIGH
    assert last_answer([evening, day], UTC) == LOW


def test_a_second_coding_changes_nothing() -> None:
    told = stated(HIGH)
    told["valueCodeableConcept"]["coding"].insert(0, {"system": "urn:x", "code": "high"})
    assert last_answer([told], UTC) == HIGH
    assert last_answer([{"valueCodeableConcept": {"text": "high"}}], UTC) is None
    assert last_answer([], UTC) is None
