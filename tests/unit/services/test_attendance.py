"""Hours attended and sessions missed, against a count of every minute by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.progress_api.code_systems import CODE_SYSTEMS
from services.progress_api.domain.attendance import observations
from services.progress_api.domain.attendance.observations import PersonsWeek, Visit
from services.progress_api.domain.attendance.policy import CLOSES_AFTER, LONGEST_VISIT
from services.progress_api.domain.attendance.week import Week, weeks_of
from shared.care import session, spans
from shared.care.canonical import CANONICAL
from shared.fhir.dates import instant
from shared.fhir.validation import validate

NEW_YORK = ZoneInfo("America/New_York")
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
MINUTE = 60_000_000
GRID = 240
SPANS = st.lists(st.tuples(st.integers(0, GRID), st.integers(0, GRID)), max_size=6)


def grid(some: list[tuple[int, int]]) -> set[int]:
    return {minute for low, high in some for minute in range(low, high)}


def at(minute: int, day: str = "2026-03-02") -> str:
    """A minute after noon UTC."""
    start = datetime.fromisoformat(f"{day}T12:00:00+00:00")
    return (start + timedelta(minutes=minute)).isoformat()


def an_encounter(start: int, end: int, **changes: object) -> dict[str, Any]:
    return {
        "resourceType": "Encounter",
        "status": "finished",
        "class": {"system": ACT_CODE, "code": "AMB"},
        "subject": {"reference": "Patient/p1"},
        "appointment": [{"reference": "Appointment/a1"}],
        "period": {"start": at(start), "end": at(end)},
        **changes,
    }


def an_appointment(start: int, end: int, **changes: object) -> dict[str, Any]:
    return {
        "resourceType": "Appointment",
        "status": "fulfilled",
        "start": at(start),
        "end": at(end),
        "participant": [{"actor": {"reference": "Patient/p1"}, "status": "accepted"}],
        **changes,
    }


def attended(encounter: dict[str, Any], **appointments: dict[str, Any]) -> list[tuple[int, int]]:
    return session.attended(encounter, appointments, session.Counting((), UTC, LONGEST_VISIT))


def minutes(some: list[tuple[int, int]]) -> int:
    return spans.length(some) // MINUTE


@given(one=SPANS, other=SPANS)
def test_spans_agree_with_a_grid_of_minutes(
    one: list[tuple[int, int]], other: list[tuple[int, int]]
) -> None:
    assert grid(spans.union(one)) == grid(one)
    assert grid(spans.within(one, other)) == grid(one) & grid(other)
    assert grid(spans.minus(one, other)) == grid(one) - grid(other)
    assert spans.length(one) == len(grid(one))


@given(visits=SPANS, sessions=SPANS, leave=SPANS)
def test_the_minutes_of_a_week_agree_with_a_grid_of_minutes(
    visits: list[tuple[int, int]], sessions: list[tuple[int, int]], leave: list[tuple[int, int]]
) -> None:
    sessions = [each for each in sessions if each[0] < each[1]]
    history = [
        {"status": "onleave", "period": {"start": at(low), "end": at(high)}} for low, high in leave
    ]
    known = {f"a{i}": an_appointment(*each) for i, each in enumerate(sessions)}
    kept = [{"reference": f"Appointment/{name}"} for name in known] or [{"display": "a session"}]
    told = [
        span
        for low, high in visits
        for span in attended(
            an_encounter(low, high, statusHistory=history, appointment=kept), **known
        )
    ]

    inside = grid(sessions) if sessions else set(range(GRID))
    expected = len(grid(visits) & inside - grid(leave))
    week = Week(date(2026, 3, 2))
    assert observations.minutes_in(week, told, UTC) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 60),
        ({"class": {"system": ACT_CODE, "code": "VR"}}, 60),
        ({"status": "in-progress"}, 0),
        ({"status": "cancelled"}, 0),
        ({"class": {"system": ACT_CODE, "code": "IMP"}}, 0),
        ({"class": {"system": "https://elsewhere.example", "code": "AMB"}}, 0),
        ({"appointment": []}, 0),
        ({"period": {"start": at(0)}}, 0),
        ({"period": {}}, 0),
        ({"period": {"start": "2026-03-02", "end": "2026-03-02"}}, 0),
        ({"appointment": [{"reference": "Appointment/elsewhere"}]}, 60),
        ({"statusHistory": [{"status": "onleave", "period": {"start": at(50)}}]}, 50),
        ({"statusHistory": [{"status": "onleave", "period": {"end": at(15)}}]}, 45),
        ({"statusHistory": [{"status": "arrived", "period": {"end": at(15)}}]}, 60),
        ({"period": {"start": "1900-01-01", "end": "2900-01-01"}, "appointment": [{}]}, 0),
    ],
)
def test_only_a_finished_outpatient_session_counts(changes: dict[str, Any], expected: int) -> None:
    assert minutes(attended(an_encounter(0, 60, **changes))) == expected


def test_who_comes_early_or_stays_late_is_counted_inside_the_session() -> None:
    assert minutes(attended(an_encounter(0, 200), a1=an_appointment(30, 90))) == 60
    assert minutes(attended(an_encounter(45, 200), a1=an_appointment(30, 90))) == 45
    assert attended(an_encounter(0, 200), a1=an_appointment(30, 90, status="noshow")) == []


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-02", 167), ("2026-03-09", 168), ("2026-10-26", 169)]
)
def test_a_week_is_as_long_as_its_local_days(day: str, hours: int) -> None:
    low, high = Week(date.fromisoformat(day)).span(NEW_YORK)

    assert high - low == hours * 60 * MINUTE


@given(day=st.dates(date(2000, 1, 1), date(2040, 1, 1)))
def test_a_week_is_closed_when_there_was_time_to_write_its_visits_down(day: date) -> None:
    week = Week(day - timedelta(days=day.weekday()))
    closes = week.closes(NEW_YORK)

    assert instant(closes - CLOSES_AFTER) == week.span(NEW_YORK)[1]
    assert Week.closing(closes, NEW_YORK) == week


@given(moment=st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_every_moment_lies_in_its_week_and_in_no_other(moment: datetime) -> None:
    week = Week.at(instant(moment), NEW_YORK)
    low, high = week.span(NEW_YORK)

    assert low <= instant(moment) < high
    assert week.first.weekday() == 0
    assert weeks_of([(low, high)], NEW_YORK) == {week}


def test_a_session_over_sunday_midnight_belongs_to_both_weeks() -> None:
    night = [
        (
            instant(datetime(2026, 3, 8, 23, tzinfo=UTC)),
            instant(datetime(2026, 3, 9, 1, tzinfo=UTC)),
        )
    ]
    weeks = sorted(weeks_of(night, UTC))

    assert [week.first.isoformat() for week in weeks] == ["2026-03-02", "2026-03-09"]
    assert [observations.minutes_in(week, night, UTC) for week in weeks] == [60, 60]


def lasting(total: int, *activities: str) -> Visit:
    monday = instant(datetime(2026, 3, 2, tzinfo=UTC))
    followed = [f"{CANONICAL}/ActivityDefinition/{each}|1.0" for each in activities]
    return Visit([(monday, monday + total * MINUTE)], [{"instantiatesCanonical": followed}])


@given(total=st.integers(0, 10_000), missed=st.integers(0, 20), is_closed=st.booleans())
def test_what_is_counted_is_a_valid_observation_of_the_week(
    *, total: int, missed: int, is_closed: bool
) -> None:
    whose = PersonsWeek("p1", Week(date(2026, 3, 2)), is_closed)
    hours = observations.delivered_hours(whose, [lasting(total)], UTC)
    number = observations.missed_sessions(whose, missed)

    assert validate(hours) == validate(number) == []
    value = hours["valueQuantity"]["value"]
    assert abs(float(bytes(value) if not isinstance(value, int) else value) - total / 60) <= 0.005
    assert number["valueInteger"] == missed
    assert hours["id"] != number["id"]
    assert hours["effectivePeriod"] == {"start": "2026-03-02", "end": "2026-03-08"}
    assert hours["status"] == number["status"] == ("final" if is_closed else "preliminary")


def counted(total: int, *, is_closed: bool = True) -> dict[str, Any]:
    whose = PersonsWeek("p1", Week(date(2026, 3, 2)), is_closed)
    return observations.delivered_hours(whose, [lasting(total)], UTC)


def test_a_week_is_preliminary_then_final_then_amended() -> None:
    first = observations.next_version(None, counted(60, is_closed=False))
    assert first is not None
    assert first["status"] == "preliminary"
    assert observations.next_version(first, counted(60, is_closed=False)) is None

    final = observations.next_version(first, counted(60))
    assert final is not None
    assert final["status"] == "final"
    assert observations.next_version(final, counted(60)) is None

    for total in (90, 120):
        final = observations.next_version(final, counted(total))
        assert final is not None
        assert final["status"] == "amended"
        assert observations.next_version(final, counted(total)) is None


def test_a_week_that_was_taken_back_is_for_the_present_until_its_visits_are_written_down() -> None:
    gone = observations.withdrawn(
        counted(60, is_closed=False) | {"meta": {}}, counted(0, is_closed=False)
    )
    assert gone is not None
    again = observations.next_version(gone, counted(60, is_closed=False))
    closed = observations.next_version(gone, counted(60))
    assert (again or {})["status"] == "preliminary"
    assert (closed or {})["status"] == "amended"
    assert (observations.next_version(again, counted(60)) or {})["status"] == "final"


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled"])
def test_what_people_have_withdrawn_stays_as_they_left_it(status: str) -> None:
    withdrawn = counted(60) | {"status": status}

    assert observations.next_version(withdrawn, counted(90)) is None


def test_what_people_have_noted_stays() -> None:
    noted = counted(60) | {"note": [{"text": "Came by bus."}]}
    after = observations.next_version(noted, counted(90))

    assert after is not None
    assert after["note"] == noted["note"]


@pytest.mark.parametrize(
    ("status", "missed", "tells"),
    [("noshow", True, True), ("fulfilled", False, True), ("booked", False, False)],
)
def test_an_appointment_tells_of_attendance_once_it_is_closed(
    *, status: str, missed: bool, tells: bool
) -> None:
    appointment = an_appointment(0, 60, status=status)

    assert session.is_missed(appointment) is missed
    assert session.tells_attendance(appointment) is tells
    assert session.patient_of_appointment(appointment, ()) == "p1"
    assert session.patient_of_appointment({"participant": [{"status": "accepted"}]}, ()) is None


def test_hours_count_for_each_policy_that_counts_their_activity() -> None:
    whose = PersonsWeek("p1", Week(date(2026, 3, 2)), is_closed=True)
    visits = [lasting(120, "group-therapy"), lasting(60, "tms"), lasting(180)]
    found = observations.delivered_hours(whose, visits, UTC)

    assert found["valueQuantity"]["value"] == 3
    by_policy = {
        each["code"]["coding"][0]["code"]: each["valueQuantity"]["value"]
        for each in found["component"]
    }
    assert by_policy == dict.fromkeys(by_policy, 2)
    [published] = [each for each in CODE_SYSTEMS if each["id"] == "hours-policy"]
    assert [each["code"] for each in published["concept"]] == list(by_policy)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (an_encounter(0, 60), True),
        (an_encounter(0, 60, status="planned"), False),
        (an_encounter(0, 60, status="planned", meta={"versionId": "2"}), True),
        (an_appointment(0, 60), True),
        (an_appointment(0, 60, status="booked"), False),
        (an_appointment(0, 60, status="booked", meta={"versionId": "2"}), True),
    ],
)
def test_the_first_version_of_what_is_no_session_changes_no_week(
    told: dict[str, Any], *, expected: bool
) -> None:
    assert session.may_change_a_week({"meta": {"versionId": "1"}} | told) is expected


def test_the_orders_of_a_session_are_named() -> None:
    orders = [{"reference": f"ServiceRequest/{name}"} for name in ("s1", "s2", "s1")]
    told = an_encounter(0, 60, basedOn=[*orders, {"reference": "https://e.example/x"}])

    assert session.orders_of(told, ()) == ["s1", "s2"]
    assert session.orders_of(an_encounter(0, 60), ()) == []
