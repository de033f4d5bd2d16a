"""Reads what the record tells of sessions, attempts and the course of care into a History."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.domain.no_show.history import Attempt, End, Session
from services.progress_api.domain.no_show.task import OUTREACH
from shared.care import session
from shared.care.programme_plan import ids_of
from shared.fhir.dates import date_range, moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime, tzinfo

    from services.progress_api.domain.measures.course import Course
    from shared.fhir.reader import JsonObject

# An Appointment that may still take place.
_TO_COME: Final = frozenset({"booked", "pending", "proposed", "waitlist"})
_UNDER_WAY: Final = frozenset({"planned", "waitlist", "active"})
_ATTEMPTED: Final = frozenset({"completed", "not-done"})


def outcome_of(communication: JsonObject) -> str | None:
    """Tell what came of an attempt to reach a person; None where a Communication is none."""
    if communication.get("status") not in _ATTEMPTED:
        return None
    codings = communication.get("statusReason", {}).get("coding", ())
    return next((each.get("code") for each in codings if each.get("system") == OUTREACH), None)


def attempt_of(communication: JsonObject, zone: tzinfo) -> Attempt | None:
    """Read an attempt; it was made when it was sent, or else when the record learnt of it."""
    outcome = outcome_of(communication)
    if outcome is None:
        return None
    sent = communication.get("sent") or communication["meta"]["lastUpdated"]
    return Attempt(_moment(sent, zone), f"Communication/{communication['id']}", outcome)


def session_of(
    appointment: JsonObject, attended: Iterable[str], bases: tuple[str, ...], zone: tzinfo
) -> Session | None:
    """Read a session that was attended or missed, whose Encounters name it as `attended`."""
    told = session.tells_attendance(appointment) or (
        appointment.get("status") == "booked" and appointment["id"] in attended
    )
    return _session(appointment, bases, zone) if told else None


def booked_of(appointment: JsonObject, bases: tuple[str, ...], zone: tzinfo) -> Session | None:
    """Read a session to come that makes up for a missed one."""
    is_to_come = appointment.get("status") in _TO_COME
    found = _session(appointment, bases, zone) if is_to_come else None
    return found if found and found.makes_up else None


def makes_up(appointment: JsonObject, bases: tuple[str, ...] = ()) -> list[str]:
    """Name the missed sessions that an Appointment makes up for."""
    return ids_of(appointment.get("supportingInformation", ()), "Appointment", bases)


def breaks(course: Course) -> Iterator[End]:
    """Name the moments at which the care was put on hold or ended."""
    if course.began is not None:
        for each in course.states:
            if each.status not in _UNDER_WAY and each.since > course.began.since:
                yield End(each.since, "on-hold" if each.status == "onhold" else "care-ended")


def is_in_care(at: datetime, course: Course) -> bool:
    """Tell whether a session was held while the person was neither on hold nor out of care.

    What was before the record learnt of the episode is believed to have been in it.
    """
    state = next((each for each in reversed(course.states) if each.since <= at), None)
    return state is None or state.status in _UNDER_WAY


def _session(appointment: JsonObject, bases: tuple[str, ...], zone: tzinfo) -> Session | None:
    if "start" not in appointment:
        return None
    start = _moment(appointment["start"], zone)
    # The first day of the calendar is what some systems write for none, and nothing was before it.
    if start.year == 1:
        return None
    others = frozenset(makes_up(appointment, bases))
    return Session(start, appointment["id"], session.is_missed(appointment), others)


def _moment(text: str, zone: tzinfo) -> datetime:
    return moment(date_range(text, zone)[0])
