"""When it can be told that somebody came to a session, or did not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.care import laws
from shared.care.attendance_told import nobody_has_come_to_a_later_session
from shared.care.law import CareChange, Need

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MOMENT = timedelta(milliseconds=1)
REFUSED = [("business-rule", "Appointment.status")]
TELLING = ("arrived", "checked-in", "fulfilled", "noshow")
Resource = dict[str, Any]


def session(start: datetime, status: str = "booked", **elements: object) -> Resource:
    people = [{"actor": {"reference": "Patient/p1"}, "status": "accepted"}]
    told = {
        "resourceType": "Appointment",
        "id": "a1",
        "status": status,
        "start": start.isoformat(),
        "end": (start + HOUR).isoformat(),
        "basedOn": [{"reference": "ServiceRequest/s1"}],
        "participant": people,
    }
    return told | elements


def refusals(before: Resource | None, after: Resource) -> list[tuple[str, str | None]]:
    found = laws.broken_laws("Appointment", CareChange(before, after, NOW))
    return [(issue.code, issue.expression) for issue in found]


@pytest.mark.parametrize("status", TELLING)
@pytest.mark.parametrize("booked", ["booked", "pending", "proposed", "waitlist"])
def test_attendance_is_told_from_an_hour_before_a_session(booked: str, status: str) -> None:
    for start, refused in ((NOW + HOUR, False), (NOW - HOUR, False), (NOW + HOUR + MOMENT, True)):
        found = refusals(session(start, booked), session(start, status))
        assert found == (REFUSED if refused else [])


def test_what_else_happens_to_a_session_to_come_is_no_attendance() -> None:
    before = session(NOW + 3 * HOUR)

    assert refusals(before, before | {"status": "cancelled"}) == []
    assert refusals(before, session(NOW + 4 * HOUR)) == []
    assert refusals(before, session(NOW - HOUR, "fulfilled")) == []


@pytest.mark.parametrize("elements", [{}, {"basedOn": []}, {"basedOn": [{"display": "there"}]}])
def test_it_is_the_same_for_what_is_loaded_whoever_ordered_it(elements: Resource) -> None:
    for status in TELLING:
        assert refusals(None, session(NOW + 3 * HOUR, status, **elements)) == REFUSED
        assert refusals(None, session(NOW - 3 * HOUR, status, **elements)) == []


def test_what_was_told_before_stays_at_its_time() -> None:
    ahead = NOW + 3 * HOUR

    assert refusals(session(ahead, "noshow"), session(ahead, "fulfilled")) == []
    assert refusals(session(ahead, "noshow"), session(ahead + HOUR, "noshow")) == REFUSED
    assert refusals(session(ahead, "noshow"), session(NOW - HOUR, "noshow")) == []
    untimed = {name: value for name, value in session(ahead).items() if name != "start"}
    assert refusals(untimed, untimed | {"status": "fulfilled"}) == []


def visit(status: str, start: object, **elements: object) -> Resource:
    begins = start.isoformat() if isinstance(start, datetime) else start
    told = {
        "resourceType": "Encounter",
        "status": status,
        "class": {"code": "AMB"},
        "appointment": [{"reference": "https://elsewhere.example/Appointment/1"}],
        "period": {"start": begins},
    }
    return told | elements


def broken(before: Resource | None, after: Resource) -> list[str | None]:
    found = laws.broken_laws("Encounter", CareChange(before, after, NOW))
    return [issue.expression for issue in found]


@pytest.mark.parametrize("status", ["arrived", "triaged", "in-progress", "onleave", "finished"])
def test_a_visit_is_told_from_an_hour_before_it_begins(status: str) -> None:
    late = NOW + HOUR + MOMENT

    assert broken(None, visit(status, late)) == ["Encounter.status"]
    assert broken(visit("planned", late), visit(status, late)) == ["Encounter.status"]
    assert broken(None, visit(status, NOW + HOUR)) == []
    assert broken(None, visit("planned", late)) == []
    assert broken(None, visit("cancelled", late)) == []
    assert broken(None, visit(status, "2026-03-10")) == []
    assert broken(None, visit(status, "2026-03-11")) == ["Encounter.status"]


def test_a_visit_that_was_told_before_stays_at_its_time() -> None:
    late = NOW + 3 * HOUR

    assert broken(visit("arrived", late), visit("finished", late)) == []
    assert broken(visit("arrived", late), visit("finished", late + HOUR)) == ["Encounter.status"]
    assert broken(visit("arrived", NOW), visit("finished", late)) == ["Encounter.status"]


@pytest.mark.parametrize(
    "elements", [{"class": {"code": "IMP"}}, {"appointment": []}, {"class": {"system": "ours"}}]
)
def test_what_is_no_session_may_be_told_at_any_time(elements: Resource) -> None:
    late = NOW + 3 * HOUR

    assert broken(None, visit("finished", late, **elements)) == []
    assert broken(None, visit("finished", late)) == ["Encounter.status"]


def held(resource_type: str, change: CareChange) -> set[Need]:
    """What is held while a change is written, so that who holds the same waits."""
    return {
        need
        for law, needs in laws.needing_laws(resource_type, change)
        for need in (law.further(change, ([],)) if law.further else needs)
    }


def test_who_moves_a_session_waits_for_who_tells_of_a_visit_to_it() -> None:
    over, ahead = session(NOW - 3 * HOUR), session(NOW + 3 * HOUR)
    own = [{"reference": "Appointment/a0"}, {"reference": "Appointment/a1"}]
    told = visit("finished", NOW - 3 * HOUR, appointment=own)
    telling = held("Encounter", CareChange(None, told, NOW))

    assert telling & held("Appointment", CareChange(over, ahead, NOW))
    assert not telling & held("Appointment", CareChange(over, ahead | {"id": "a2"}, NOW))
    assert not telling & held("Appointment", CareChange(over, session(NOW - HOUR), NOW))


def test_a_session_without_a_time_is_not_given_one_ahead_after_a_visit() -> None:
    untimed = {name: value for name, value in session(NOW).items() if name != "start"}
    own = [{"reference": "Appointment/a1"}]
    told = visit("finished", NOW - 3 * HOUR, appointment=own) | {"id": "v1"}

    def refused(before: Resource | None, after: Resource, visited: Resource = told) -> bool:
        change = CareChange(before, after, NOW)
        return bool([*nobody_has_come_to_a_later_session(change, ([visited], [after]))])

    ahead = session(NOW + 3 * HOUR)
    assert refused(untimed, ahead)
    assert not refused(untimed, ahead, told | {"status": "planned"})
    [(law, _)] = [
        each
        for each in laws.needing_laws("Appointment", CareChange(untimed, ahead, NOW))
        if each[0].rule is nobody_has_come_to_a_later_session
    ]
    assert law.needs(CareChange(ahead, ahead | {"status": "cancelled"}, NOW)) == ()
    assert law.needs(CareChange(untimed, ahead | {"status": "entered-in-error"}, NOW)) == ()
