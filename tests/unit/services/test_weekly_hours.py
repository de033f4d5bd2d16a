"""The hours that orders plan for a week, and what each policy makes of them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jiter import LosslessFloat

from services.plan_api.domain.hours import asked, day_of, policies_named, report
from services.plan_api.templates import ADULT
from shared.care.canonical import CANONICAL
from shared.care.hours_ledger import Ledger
from shared.care.required_hours import age_on
from shared.care.timing import weekly_minutes
from shared.care.weekly_hours import (
    POLICIES,
    REQUIRED,
    HoursPolicy,
    is_planned,
    planned_minutes,
)
from shared.fhir.errors import Malformed
from shared.fhir.validation import validate

DAY = date(2026, 3, 4)
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
MEDICARE, GENERAL, ASAM, *OTHERS = POLICIES
ADULTS = (MEDICARE, GENERAL, ASAM)
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


def test_bounds_and_the_day_of_a_week_are_of_the_programme_s_zone() -> None:
    new_york, night = ZoneInfo("America/New_York"), "2026-03-05T03:00:00Z"
    begins, ends = order(boundsPeriod={"start": night}), order(boundsPeriod={"end": night})

    assert [is_planned(begins, DAY, zone) for zone in (UTC, new_york)] == [False, True]
    assert is_planned(ends, date(2026, 3, 5), UTC)
    assert not is_planned(ends, date(2026, 3, 5), new_york)
    assert day_of({"period": {"start": night}}, date(2026, 3, 1), new_york) == DAY


def test_what_counts_is_the_policy_s_to_say() -> None:
    week = [order(frequency=9), order("yoga"), order("peer-support", frequency=2), order("tms")]

    assert [planned_minutes(week, policy, DAY) / 60 for policy in ADULTS] == [9, 12, 9]
    assert [policy.verdict(planned_minutes(week, policy, DAY)) for policy in ADULTS] == ["met"] * 3


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
        (6, None),
        (20, None),
    }
    assert all(policy.version and policy.source for policy in POLICIES)
    assert REQUIRED is MEDICARE


def test_the_adult_template_meets_every_policy() -> None:
    week = [
        order() | {"instantiatesCanonical": [each["definitionCanonical"]]} | _timing(each)
        for each in ADULT["action"]
    ]

    for policy in ADULTS:
        minutes = planned_minutes(week, policy, DAY)
        assert policy.verdict(minutes) == "met"
        assert 12 <= minutes / 60 <= 19


def test_a_report_is_valid_and_names_what_counted() -> None:
    held = Ledger({"id": "plan"}, [order(), order("yoga")], {}, {}, [], UTC)
    told = report(held, asked(DAY, (None, None), ADULTS), NOON)

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
    assert day_of({"period": period}, DAY, UTC) == expected


@pytest.mark.parametrize(
    ("born", "age", "names"),
    [
        ("2008-03-04", 18, ["cfr-410.44c", "iop-general", "asam-2.1-adult"]),
        ("2008-03-05", 17, ["cfr-410.44c", "iop-general", "asam-2.1-adolescent"]),
        ("2008", None, ["cfr-410.44c", "iop-general", "asam-2.1-adult", "asam-2.1-adolescent"]),
    ],
)
def test_policies_are_those_about_the_person(born: str, age: int | None, names: list[str]) -> None:
    assert age_on(DAY, {"birthDate": born}) == age
    assert age_on(DAY, None) is None
    assert [each.name for each in policies_named([], age)] == names


def test_policies_are_asked_for_by_name_with_or_without_version() -> None:
    names = ["asam-2.5", "iop-general|1.0", "asam-2.5|1.0"]

    assert [each.name for each in policies_named(names, 17)] == ["asam-2.5", "iop-general"]
    with pytest.raises(Malformed, match=r"must be one of cfr-410\.44c\|1\.0"):
        policies_named(["iop-general|9.9"], None)


@pytest.mark.parametrize(
    ("given_days", "expected"),
    [
        ((None, None), (DAY, DAY)),
        (("2026-02-02", None), (date(2026, 2, 2), DAY)),
        (("2026-04-01", None), (DAY, date(2026, 4, 1))),
        ((None, "2026-02-02"), (date(2026, 2, 2), DAY)),
        (("2026-02-02", "2026-02-03"), (date(2026, 2, 2), date(2026, 2, 3))),
        (("0001-01-01", "0001-01-02"), (date(2, 1, 1), date(2, 1, 1))),
    ],
)
def test_a_period_may_have_one_end(
    given_days: tuple[str | None, str | None], expected: tuple[date, date]
) -> None:
    understood = asked(DAY, given_days, ADULTS)

    assert (understood.first, understood.last) == expected


@pytest.mark.parametrize(
    "given_days", [("2026-02-03", "2026-02-02"), ("2026-02", None), ("2020-01-01", "2026-01-01")]
)
def test_a_period_that_cannot_be_is_refused(given_days: tuple[str | None, str | None]) -> None:
    with pytest.raises(Malformed):
        asked(DAY, given_days, ADULTS)


def _timing(action: dict[str, Any]) -> dict[str, Any]:
    if "timingTiming" in action:
        return {"occurrenceTiming": action["timingTiming"]}
    return {"occurrenceTiming": None, "asNeededBoolean": True}
