"""The hours that orders plan for a week, and what each policy makes of them."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jiter import LosslessFloat

from services.plan_api.domain.hours import day_of, report
from services.plan_api.templates import ADULT
from shared.care.canonical import CANONICAL
from shared.care.weekly_hours import (
    POLICIES,
    REQUIRED,
    HoursPolicy,
    is_planned,
    planned_minutes,
    weekly_minutes,
)
from shared.fhir.validation import validate

DAY = date(2026, 3, 4)
MEDICARE, GENERAL, ASAM = POLICIES
HOUR = {"frequency": 1, "period": 1, "periodUnit": "wk", "duration": 1, "durationUnit": "h"}


def order(
    service: str = "group-therapy", status: str = "active", **repeat: object
) -> dict[str, Any]:
    return {
        "resourceType": "ServiceRequest",
        "id": service,
        "status": status,
        "instantiatesCanonical": [f"{CANONICAL}/ActivityDefinition/{service}|1.0"],
        "occurrenceTiming": {"repeat": HOUR | repeat},
    }


@pytest.mark.parametrize(
    ("repeat", "minutes"),
    [
        ({}, 60),
        ({"frequency": 3}, 180),
        ({"frequency": 3, "duration": 50, "durationUnit": "min"}, 150),
        ({"period": 2}, 30),
        ({"periodUnit": "d"}, 420),
        ({"periodUnit": "d", "dayOfWeek": ["mon", "thu"]}, 120),
        ({"period": 28, "periodUnit": "d"}, 15),
        ({"duration": LosslessFloat(b"1.5")}, 90),
        ({"duration": LosslessFloat(b"0.50"), "frequency": 2}, 60),
        ({"period": 0}, 0),
    ],
)
def test_a_timing_has_so_many_minutes_a_week(repeat: dict[str, Any], minutes: int) -> None:
    assert weekly_minutes({"repeat": HOUR | repeat}) == minutes


def test_a_timing_that_says_no_duration_has_no_minutes() -> None:
    assert weekly_minutes({"repeat": {"frequency": 3, "period": 1, "periodUnit": "wk"}}) == 0
    assert weekly_minutes({"code": {"text": "BID"}}) == 0


@given(st.integers(0, 10**9), st.integers(-400, 400))
def test_any_decimal_is_read_at_once(digits: int, exponent: int) -> None:
    number = LosslessFloat(f"{digits}e{exponent}".encode())

    assert weekly_minutes({"repeat": HOUR | {"duration": number, "period": number}}) >= 0


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"status": "draft"}, True),
        ({"status": "revoked"}, False),
        ({"status": "on-hold"}, False),
        ({"status": "completed"}, False),
        ({"asNeededBoolean": True}, False),
        ({"occurrenceTiming": None}, False),
    ],
)
def test_an_order_is_planned_while_it_is_regular_and_stands(
    changes: dict[str, Any], *, expected: bool
) -> None:
    assert is_planned(order() | changes, DAY) == expected


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({}, True),
        ({"start": "2026-03-04", "end": "2026-03-04"}, True),
        ({"start": "2026-03-05"}, False),
        ({"end": "2026-03-03"}, False),
        ({"start": "2026-03"}, True),
        ({"end": "2026-02"}, False),
    ],
)
def test_an_order_is_planned_within_its_bounds(bounds: dict[str, str], *, expected: bool) -> None:
    assert is_planned(order(boundsPeriod=bounds), DAY) == expected


def test_what_counts_is_the_policy_s_to_say() -> None:
    week = [order(frequency=9), order("yoga"), order("peer-support", frequency=2), order("tms")]

    assert [planned_minutes(week, policy, DAY) / 60 for policy in POLICIES] == [9, 12, 9]
    assert [policy.verdict(planned_minutes(week, policy, DAY)) for policy in POLICIES] == [
        "met"
    ] * 3


def test_an_order_of_no_known_activity_counts_for_nobody() -> None:
    unknown = order() | {"instantiatesCanonical": ["https://elsewhere.example/x"]}
    nameless = {name: value for name, value in order().items() if name != "instantiatesCanonical"}

    assert {planned_minutes([unknown, nameless], policy, DAY) for policy in POLICIES} == {0}


@pytest.mark.parametrize(
    ("policy", "minutes", "verdict"),
    [
        (MEDICARE, 539, "short"),
        (MEDICARE, 540, "met"),
        (MEDICARE, 6000, "met"),
        (GENERAL, 719, "short"),
        (GENERAL, 720, "met"),
        (ASAM, 539, "short"),
        (ASAM, 19 * 60, "met"),
        (ASAM, 19 * 60 + 1, "over"),
    ],
)
def test_minutes_are_held_against_the_bounds_of_a_policy(
    policy: HoursPolicy, minutes: int, verdict: str
) -> None:
    assert policy.verdict(Fraction(minutes)) == verdict


def test_each_policy_says_where_it_comes_from_and_one_is_required() -> None:
    assert {(policy.minimum, policy.maximum) for policy in POLICIES} == {
        (9, None),
        (12, None),
        (9, 19),
    }
    assert all(policy.version and policy.source for policy in POLICIES)
    assert REQUIRED is MEDICARE


def test_the_adult_template_meets_every_policy() -> None:
    week = [
        order() | {"instantiatesCanonical": [each["definitionCanonical"]]} | _timing(each)
        for each in ADULT["action"]
    ]

    for policy in POLICIES:
        minutes = planned_minutes(week, policy, DAY)
        assert policy.verdict(minutes) == "met"
        assert 12 <= minutes / 60 <= 19


def test_a_report_is_valid_and_names_what_counted() -> None:
    told = report([order(), order("yoga")], DAY)

    assert validate(told) == []
    counted = [
        [part["valueReference"]["reference"] for part in each["part"] if part["name"] == "counted"]
        for each in told["parameter"]
        if each["name"] == "policy"
    ]
    yoga, group = "ServiceRequest/yoga", "ServiceRequest/group-therapy"
    assert counted == [[group], [group, yoga], [group]]


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ({}, DAY),
        ({"start": "2026-03-01"}, DAY),
        ({"start": "2026-03-09"}, date(2026, 3, 9)),
        ({"start": "2026-03-09T23:00:00-05:00"}, date(2026, 3, 9)),
        ({"start": "2026-04"}, DAY),
    ],
)
def test_the_week_looked_at_is_today_s_or_the_plan_s_first(
    period: dict[str, str], expected: date
) -> None:
    assert day_of({"period": period}, DAY) == expected


def _timing(action: dict[str, Any]) -> dict[str, Any]:
    if "timingTiming" in action:
        return {"occurrenceTiming": action["timingTiming"]}
    return {"occurrenceTiming": None, "asNeededBoolean": True}
