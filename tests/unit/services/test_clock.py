"""Clocks in the programme's local calendar, through summer time, and what becomes of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake_api.domain import clock
from shared.care.canonical import code_system
from shared.fhir.validation import validate

NEW_YORK = ZoneInfo("America/New_York")
DUE = datetime(2026, 3, 9, 4, 0, tzinfo=UTC)
BEFORE, AFTER = DUE - timedelta(days=3), DUE + timedelta(days=3)
ZONES = ["UTC", "America/New_York", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe"]


def a_clock(**changes: object) -> dict[str, Any]:
    task = {
        "resourceType": "Task",
        "id": "t1",
        "status": "requested",
        "intent": "order",
        "code": {"coding": [{"system": clock.CLOCK, "code": "follow-up-7d"}]},
        "for": {"reference": "Patient/p1"},
        "restriction": {"period": {"start": "2026-03-02", "end": "2026-03-08"}},
    }
    return {name: value for name, value in (task | changes).items() if value is not None}


@pytest.mark.parametrize(
    ("zone", "day", "over"),
    [
        ("UTC", "2026-03-08", "2026-03-09T00:00:00+00:00"),
        ("America/New_York", "2026-03-07", "2026-03-08T05:00:00+00:00"),
        # The day of 23 hours, and the one of 25.
        ("America/New_York", "2026-03-08", "2026-03-09T04:00:00+00:00"),
        ("America/New_York", "2026-11-01", "2026-11-02T05:00:00+00:00"),
        # In Santiago the clocks change at midnight: one day begins at 1:00, one ends twice.
        ("America/Santiago", "2026-09-05", "2026-09-06T04:00:00+00:00"),
        ("America/Santiago", "2026-04-04", "2026-04-05T04:00:00+00:00"),
        # Samoa had no 30 December in 2011.
        ("Pacific/Apia", "2011-12-29", "2011-12-30T10:00:00+00:00"),
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00+00:00"),
        ("Asia/Kathmandu", "2026-03-08", "2026-03-08T18:15:00+00:00"),
    ],
)
def test_a_local_day_is_over_when_the_next_one_begins(zone: str, day: str, over: str) -> None:
    assert clock.end_of_local_day(day, ZoneInfo(zone)) == datetime.fromisoformat(over)


@given(
    day=st.dates(date(1971, 1, 1), date(2100, 12, 31)),
    zone=st.sampled_from([ZoneInfo(name) for name in ZONES]),
)
def test_the_end_of_a_day_is_the_first_moment_that_belongs_to_the_next(
    day: date, zone: ZoneInfo
) -> None:
    over = clock.end_of_local_day(day.isoformat(), zone)

    assert over.astimezone(zone).date() == day + timedelta(days=1)
    assert (over - timedelta(microseconds=1)).astimezone(zone).date() == day


def test_a_running_clock_is_due_when_its_last_local_day_is_over() -> None:
    assert clock.due_of(a_clock(), NEW_YORK) == DUE


def test_a_window_that_ends_at_a_time_of_day_is_due_after_that_second() -> None:
    task = a_clock(restriction={"period": {"end": "2026-03-08T17:00:00-04:00"}})

    assert clock.due_of(task, NEW_YORK) == datetime(2026, 3, 8, 21, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "completed"},
        {"status": "cancelled"},
        {"status": "draft"},
        {"intent": "plan"},
        {"code": None},
        {"code": {"text": "follow-up"}},
        {"code": {"coding": [{"system": "https://elsewhere.example", "code": "follow-up-7d"}]}},
        {"restriction": None},
        {"restriction": {"repetitions": 1}},
        {"restriction": {"period": {"start": "2026-03-02"}}},
    ],
)
def test_what_is_no_running_clock_is_never_due(changes: dict[str, Any]) -> None:
    assert clock.due_of(a_clock(**changes), NEW_YORK) is None


def test_a_clock_that_was_met_is_still_a_clock_for_its_timer_to_follow() -> None:
    assert clock.is_clock(a_clock(status="completed"))
    assert not clock.is_clock(a_clock(code={"text": "follow-up"}))
    assert not clock.is_clock(a_clock(code=None))


@pytest.mark.parametrize(
    ("marked", "created", "now", "step"),
    [
        (False, BEFORE, BEFORE, "wait"),
        (False, BEFORE, DUE - timedelta(microseconds=1), "wait"),
        (False, BEFORE, DUE, "escalate"),
        (False, BEFORE, AFTER, "escalate"),
        (False, DUE, DUE, "mark"),
        (False, AFTER, AFTER, "mark"),
        (True, BEFORE, AFTER, "leave"),
        (True, AFTER, AFTER, "leave"),
        # A person gave it more time.
        (True, BEFORE, BEFORE, "wait"),
    ],
)
def test_a_clock_waits_then_escalates_unless_it_opened_overdue(
    *, marked: bool, created: datetime, now: datetime, step: str
) -> None:
    task = clock.overdue(a_clock()) if marked else a_clock()

    assert clock.next_step(task, DUE, created=created, now=now) == step


@given(created=st.datetimes(timezones=st.just(UTC)), now=st.datetimes(timezones=st.just(UTC)))
def test_a_clock_that_was_marked_is_never_marked_again(created: datetime, now: datetime) -> None:
    step = clock.next_step(clock.overdue(a_clock()), DUE, created=created, now=now)

    assert step in {"wait", "leave"}


def test_marking_changes_only_the_business_status() -> None:
    task = a_clock()
    marked = clock.overdue(task)

    assert clock.is_overdue(marked)
    assert not clock.is_overdue(task)
    assert {name for name in marked if marked[name] != task.get(name)} == {"businessStatus"}
    assert validate(marked) == []


def test_an_escalation_is_a_valid_task_about_the_same_person_and_no_clock() -> None:
    escalation = clock.escalation(a_clock(), "2026-03-09T04:00:00.000Z")

    assert validate(escalation) == []
    assert escalation["partOf"] == [{"reference": "Task/t1"}]
    assert escalation["for"] == {"reference": "Patient/p1"}
    late = datetime(2026, 3, 10, 5, 0, tzinfo=UTC)
    due = clock.due_of(escalation, UTC)
    assert due is not None
    # It is due itself, within a day, and is marked then: nothing escalates an escalation.
    assert clock.next_step(escalation, due, created=DUE, now=late) == "mark"
    assert clock.next_step(a_clock(), due, created=DUE, now=late) == "escalate"


def test_each_clock_has_one_escalation_of_its_own() -> None:
    assert clock.escalation_id("t1") == clock.escalation_id("t1")
    assert clock.escalation_id("t1") != clock.escalation_id("t2")


@pytest.mark.parametrize(
    ("code", "step"),
    [
        ("outreach", "escalate"),
        ("suicide-screen", "escalate"),
        ("certification", "escalate"),
        ("plan-review", "mark"),
        ("consent-to-treatment", "mark"),
        ("sign-off", "mark"),
        ("referral", None),
        ("handoff", None),
        ("measure", None),
    ],
)
def test_what_is_late_is_marked_and_what_cannot_wait_is_escalated(
    code: str, step: str | None
) -> None:
    task = a_clock(code={"coding": [{"system": code_system("task"), "code": code}]})
    due = clock.due_of(task, UTC)

    assert (due is not None) == clock.is_timed(task) == (step is not None)
    if due is not None:
        assert clock.next_step(task, due, created=BEFORE, now=AFTER) == step
        assert clock.next_step(task, due, created=AFTER, now=AFTER) == "mark"


def test_what_came_in_may_be_late_before_anybody_knows_whom_it_is_about() -> None:
    unknown = a_clock(code={"coding": [{"system": code_system("task"), "code": "identity-review"}]})

    assert clock.is_of_nobody({k: v for k, v in unknown.items() if k != "for"})
    assert not clock.is_of_nobody(unknown)
    assert not clock.is_of_nobody({k: v for k, v in a_clock().items() if k != "for"})
