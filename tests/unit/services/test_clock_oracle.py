"""Clocks against a brute-force calendar: every day of a year, on either side of midnight."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake_api.domain.follow_up import following
from services.intake_api.domain.follow_up.course import Evidence, course_of
from services.intake_api.domain.follow_up.starting import starts
from services.intake_api.domain.follow_up.visits import Calendar
from tests.unit.services.clock_oracle import (
    MIND,
    SELF,
    SUBSTANCE,
    Happened,
    also_as,
    days_after,
    expected,
)
from tests.unit.services.happenings import (
    ABOUT_MIDNIGHT,
    DAYS,
    NEW_YORK,
    ZONES,
    about_midnights,
    encounter,
    midnight,
)

OFFSETS = (0, 1, 7, 8, 30, 31)


def found(told: list[Happened], zone: ZoneInfo) -> dict[tuple[str, str], str]:
    """What the product makes of it: each clock's status, with its reason or its visit."""
    evidence = Evidence({"birthDate": "1980-05-04"}, [encounter(each) for each in told])
    course = course_of(evidence, Calendar(zone, ()))
    ours = [each for each in starts(course) if not each.window.code.startswith("iet-")]
    by_id = {each.id: each for each in starts(course)}
    standing = {}
    for each in ours:
        verdict = following.verdict(each.task("Patient/p", "2026-01-01"), course, by_id)
        names = [name.partition("/")[2] for name in verdict.by]
        said = " ".join([verdict.status, *filter(None, [verdict.reason]), *names])
        standing[each.trigger.reference.partition("/")[2], each.window.code] = said
    return standing


@pytest.mark.parametrize("kind", ["stay", pytest.param("emergency", marks=pytest.mark.long)])
def test_every_day_of_a_year_agrees_with_the_calendar(kind: str) -> None:
    for day in DAYS:
        end = midnight(day, NEW_YORK) + ABOUT_MIDNIGHT[day.toordinal() % 3]
        trigger = Happened("t", kind, end - timedelta(minutes=30), end, MIND)
        for moment in about_midnights(end, OFFSETS, NEW_YORK):
            told = [trigger, Happened("v", "visit", moment, moment)]
            assert found(told, NEW_YORK) == expected(told, NEW_YORK)


@pytest.mark.parametrize("day", [date(2026, 3, 8), date(2026, 11, 1)], ids=["23 h", "25 h"])
@pytest.mark.parametrize("before", range(33))
def test_windows_across_the_change_of_time_agree(day: date, before: int) -> None:
    for minutes in ABOUT_MIDNIGHT:
        end = midnight(day - timedelta(days=before), NEW_YORK) + minutes
        trigger = Happened("t", "stay", end - timedelta(days=3), end, MIND)
        for moment in about_midnights(end, OFFSETS, NEW_YORK):
            told = [trigger, Happened("v", "visit", moment, moment)]
            assert found(told, NEW_YORK) == expected(told, NEW_YORK)


def test_the_discharge_at_a_minute_to_midnight_is_of_that_day() -> None:
    end = datetime(2026, 3, 3, 4, 59, tzinfo=UTC)
    same_day = Happened("v", "visit", end, end)
    next_day = Happened("v", "visit", end + timedelta(minutes=2), end + timedelta(minutes=2))
    stay = Happened("t", "stay", end - timedelta(days=3), end)

    assert found([stay, same_day], NEW_YORK)["t", "follow-up-7d"] == "requested"
    assert found([stay, next_day], NEW_YORK)["t", "follow-up-7d"] == "completed v"


@pytest.mark.parametrize("days", range(34))
@pytest.mark.parametrize("diagnosis", [MIND, SELF, SUBSTANCE, "S82.1", None])
def test_readmissions_on_every_day_agree(days: int, diagnosis: str | None) -> None:
    for kind in ("stay", "emergency"):
        end = midnight(date(2026, 3, 1), NEW_YORK) + timedelta(hours=20)
        trigger = Happened("t", kind, end - timedelta(hours=4), end, MIND)
        began = midnight(date(2026, 3, 1) + timedelta(days=days), NEW_YORK) - timedelta(minutes=1)
        seen = Happened("v", "visit", end + timedelta(days=5), end + timedelta(days=5))
        for over in (None, began + timedelta(days=2)):
            for others in ([], [seen]):
                again = Happened("again", "stay", began, over, diagnosis)
                told = [trigger, again, *others]
                assert found(told, NEW_YORK) == expected(told, NEW_YORK)


@st.composite
def lives(draw: st.DrawFn) -> list[Happened]:
    """Some weeks of somebody's life, with instants near midnights."""
    told = []
    for index in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(["stay", "emergency", "visit"]))
        start = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(
            days=draw(st.integers(0, 50)), minutes=draw(st.integers(0, 1439))
        )
        lasts = timedelta(days=draw(st.integers(0, 9)), minutes=draw(st.integers(0, 1439)))
        goes_on = kind == "stay" and draw(st.booleans())
        diagnosis = draw(st.sampled_from([MIND, SELF, SUBSTANCE, "S82.1", None]))
        is_short = kind != "stay"
        end = None if goes_on else start + (timedelta(hours=1) if is_short else lasts)
        told.append(Happened(f"e{index}", kind, start, end, diagnosis))
    return told


@settings(max_examples=200)
@given(lives(), st.sampled_from(ZONES), st.randoms(use_true_random=False))
def test_any_life_agrees_in_whatever_order_it_is_told(
    told: list[Happened],
    name: str,
    chance: Any,  # noqa: ANN401 - hypothesis's Random
) -> None:
    zone = ZoneInfo(name)
    shuffled = [*told]
    chance.shuffle(shuffled)

    assert found(told, zone) == expected(told, zone) == found(shuffled, zone)


@given(lives())
def test_a_clock_counts_as_what_its_diagnosis_says(told: list[Happened]) -> None:
    evidence = Evidence({}, [encounter(each) for each in told])
    by_name = {each.name: each for each in told}

    for each in starts(course_of(evidence, Calendar(NEW_YORK, ()))):
        happened = by_name[each.trigger.reference.partition("/")[2]]
        assert [*each.codes][1:] == also_as(happened, each.window.code)


def test_windows_begin_and_end_with_the_days_of_the_table() -> None:
    assert days_after("2026-02-27", 2) == "2026-03-01"
    assert days_after("2026-12-31", 1) == "2027-01-01"
