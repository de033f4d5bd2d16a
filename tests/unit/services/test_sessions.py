"""When an activity meets: local times, through summer time, inside the bounds of its plan."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.care.planned_sessions import sessions

NEW_YORK = ZoneInfo("America/New_York")
MARCH = {"start": "2026-03-02", "end": "2026-03-29"}
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def timing(**repeat: object) -> dict[str, Any]:
    weekly = {
        "frequency": 1,
        "period": 1,
        "periodUnit": "wk",
        "duration": 60,
        "durationUnit": "min",
        "dayOfWeek": ["mon"],
        "timeOfDay": ["09:00:00"],
    }
    return {"repeat": weekly | repeat}


def starts(asked: dict[str, Any], period: dict[str, str] = MARCH) -> list[str]:
    return [each.local_start for each in sessions(asked, period, NEW_YORK)]


def test_a_weekly_activity_meets_each_week_of_the_plan() -> None:
    assert starts(timing()) == [
        "2026-03-02T09:00:00",
        "2026-03-09T09:00:00",
        "2026-03-16T09:00:00",
        "2026-03-23T09:00:00",
    ]


def test_the_time_on_the_wall_stays_when_summer_time_begins() -> None:
    before, after, *_ = sessions(timing(), MARCH, NEW_YORK)

    assert before.start.astimezone(UTC).hour == 14
    assert after.start.astimezone(UTC).hour == 13
    assert after.start.isoformat() == "2026-03-09T09:00:00-04:00"


@pytest.mark.parametrize(
    ("day", "hour", "begins", "ends"),
    [
        ("2026-03-08", "01:30:00", "2026-03-08T06:30:00+00:00", "2026-03-08T07:30:00+00:00"),
        ("2026-03-08", "02:30:00", "2026-03-08T07:30:00+00:00", "2026-03-08T08:30:00+00:00"),
        ("2026-11-01", "01:30:00", "2026-11-01T05:30:00+00:00", "2026-11-01T06:30:00+00:00"),
    ],
)
def test_a_session_lasts_its_minutes_in_the_night_that_the_clock_changes(
    day: str, hour: str, begins: str, ends: str
) -> None:
    [session] = sessions(
        timing(dayOfWeek=["sun"], timeOfDay=[hour]), {"start": day, "end": day}, NEW_YORK
    )

    assert session.start.astimezone(UTC).isoformat() == begins
    assert session.end.astimezone(UTC).isoformat() == ends


@pytest.mark.parametrize(
    ("zone", "day", "hour", "starts_at", "ends_at"),
    [
        # Left out, in Havana at midnight itself: that much later, on the same day.
        ("America/New_York", "2026-03-08", "02:30", "03:30:00-04:00", "04:30:00-04:00"),
        ("America/Havana", "2026-03-08", "00:00", "01:00:00-04:00", "02:00:00-04:00"),
        ("America/Havana", "2026-03-08", "00:30", "01:30:00-04:00", "02:30:00-04:00"),
        # Twice: the first time.
        ("America/New_York", "2026-11-01", "01:30", "01:30:00-04:00", "01:30:00-05:00"),
        ("America/Havana", "2026-11-01", "00:30", "00:30:00-04:00", "00:30:00-05:00"),
    ],
)
def test_a_time_that_the_clock_leaves_out_or_shows_twice_is_met_once(
    zone: str, day: str, hour: str, starts_at: str, ends_at: str
) -> None:
    asked = timing(dayOfWeek=["sun"], timeOfDay=[f"{hour}:00"])
    [met] = sessions(asked, {"start": day, "end": day}, ZoneInfo(zone))

    assert met.local_start == f"{day}T{hour}:00"
    assert met.start.isoformat() == f"{day}T{starts_at}"
    assert met.end.isoformat() == f"{day}T{ends_at}"


def test_an_activity_of_every_second_week_is_counted_from_its_own_first() -> None:
    bounds = {"boundsPeriod": {"start": "2026-03-09"}}

    assert starts(timing(period=2)) == ["2026-03-02T09:00:00", "2026-03-16T09:00:00"]
    assert starts(timing(period=2, **bounds)) == ["2026-03-09T09:00:00", "2026-03-23T09:00:00"]


def test_several_days_and_times_are_met_in_their_order() -> None:
    twice = timing(dayOfWeek=["thu", "mon"], timeOfDay=["14:00:00", "09:00:00"])

    assert starts(twice, {"start": "2026-03-02", "end": "2026-03-05"}) == [
        "2026-03-02T09:00:00",
        "2026-03-02T14:00:00",
        "2026-03-05T09:00:00",
        "2026-03-05T14:00:00",
    ]


def test_the_narrower_of_plan_and_activity_holds() -> None:
    inside = timing(boundsPeriod={"start": "2026-03-08", "end": "2026-03-16"})
    outside = timing(boundsPeriod={"start": "2025-01-01", "end": "2027-01-01"})

    assert starts(inside) == ["2026-03-09T09:00:00", "2026-03-16T09:00:00"]
    assert starts(outside) == starts(timing())


@pytest.mark.parametrize(
    ("bounds", "number"),
    [
        ({"boundsDuration": {"value": 2, "code": "wk"}}, 2),
        ({"boundsDuration": {"value": 8, "code": "d"}}, 2),
        ({"boundsDuration": {"value": 7, "code": "d"}}, 1),
        ({"boundsDuration": {"value": 36, "code": "h"}}, 1),
        ({"boundsRange": {"low": {"value": 1}, "high": {"value": 3, "code": "wk"}}}, 3),
        ({"boundsDuration": {"value": 1, "code": "a"}}, 4),
        ({"boundsDuration": {"value": 10**30, "code": "a"}}, 4),
        ({"boundsDuration": {"unit": "weeks"}}, 4),
        ({"boundsRange": {"low": {"value": 1, "code": "wk"}}}, 4),
    ],
)
def test_an_activity_may_last_so_long_from_the_beginning_of_its_plan(
    bounds: dict[str, Any], number: int
) -> None:
    assert starts(timing(**bounds)) == starts(timing())[:number]


def test_a_count_ends_an_activity() -> None:
    assert starts(timing(count=2)) == starts(timing())[:2]


@pytest.mark.parametrize(
    "repeat",
    [
        {"dayOfWeek": []},
        {"timeOfDay": []},
        {"duration": None},
        {"duration": 10**6},
        {"periodUnit": "mo"},
        {"period": 0},
        {"periodUnit": "d", "period": 2},
    ],
)
def test_what_does_not_say_when_it_meets_has_no_sessions(repeat: dict[str, Any]) -> None:
    assert starts(timing(**repeat)) == []
    assert starts(timing(periodUnit="d")) == starts(timing())


def test_a_plan_without_a_beginning_has_no_sessions_and_one_without_an_end_has_a_year() -> None:
    assert starts(timing(), {}) == []
    assert len(starts(timing(), {"start": "2026-03-02"})) == 53


@pytest.mark.parametrize("start", ["9999-12-31", "9999", "0001-01-01", "9998-12-30"])
def test_the_ends_of_the_calendar_are_no_obstacle(start: str) -> None:
    daily = timing(periodUnit="d", dayOfWeek=list(WEEKDAYS), timeOfDay=["23:59:00"])

    assert len(starts(daily, {"start": start})) <= 366


@given(
    first=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    length=st.integers(0, 200),
    days=st.sets(st.sampled_from(WEEKDAYS)),
    every=st.integers(1, 5),
)
def test_sessions_are_those_that_a_calendar_shows(
    first: date, length: int, days: set[str], every: int
) -> None:
    period = {"start": first.isoformat(), "end": (first + timedelta(days=length)).isoformat()}
    monday = first - timedelta(days=first.weekday())
    calendar = [first + timedelta(days=n) for n in range(length + 1)]
    expected = [
        day
        for day in calendar
        if WEEKDAYS[day.weekday()] in days and ((day - monday).days // 7) % every == 0
    ]

    found = sessions(timing(dayOfWeek=sorted(days), period=every), period, NEW_YORK)

    assert [each.start.date() for each in found] == expected
    assert all(each.end - each.start == timedelta(hours=1) for each in found)
    assert all(isinstance(each.start, datetime) for each in found)
