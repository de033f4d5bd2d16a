"""When it can be told that somebody came to a session, or did not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.care import laws
from shared.care.law import CareChange

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MOMENT = timedelta(milliseconds=1)
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
        assert found == ([("business-rule", "Appointment.status")] if refused else [])


def test_what_else_happens_to_a_session_to_come_is_no_attendance() -> None:
    before = session(NOW + 3 * HOUR)

    assert refusals(before, before | {"status": "cancelled"}) == []
    assert refusals(before, session(NOW + 4 * HOUR)) == []
    assert refusals(before, session(NOW - HOUR, "fulfilled")) == []


@pytest.mark.parametrize("elements", [{"basedOn": []}, {"basedOn": [{"display": "elsewhere"}]}])
def test_appointments_kept_elsewhere_stay_as_they_are(elements: Resource) -> None:
    ahead = NOW + 3 * HOUR

    assert refusals(session(ahead, **elements), session(ahead, "noshow", **elements)) == []


def test_what_is_loaded_and_what_was_told_before_stays() -> None:
    ahead = NOW + 3 * HOUR

    assert refusals(None, session(ahead, "noshow")) == []
    assert refusals(session(ahead, "noshow"), session(ahead, "fulfilled")) == []
    untimed = {name: value for name, value in session(ahead).items() if name != "start"}
    assert refusals(untimed, untimed | {"status": "fulfilled"}) == []
