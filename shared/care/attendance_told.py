"""The law about attendance: nobody has come to a session, or missed it, before it is time.

It holds for every Appointment, and for the Encounter of a session, outpatient or remote. What was
told before stays as it is, and a session to which somebody has come is not moved ahead.
https://hl7.org/fhir/R4/valueset-appointmentstatus.html
https://hl7.org/fhir/R4/valueset-encounter-status.html
"""

from __future__ import annotations

from datetime import UTC, timedelta
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from shared.care.law import CareChange, Found, Law, Need
from shared.care.session import BEGUN, appointments_of, has_begun, tells_attendance
from shared.fhir.dates import date_range, instant
from shared.fhir.errors import Issue
from shared.fhir.reader import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shared.fhir.reader import JsonObject

_DATA: Final[dict[str, Any]] = read((files(__package__) / "attendance_told.json").read_bytes())
_MINUTES: Final[int] = _DATA["earliestMinutesBefore"]
_EARLY: Final = timedelta(minutes=_MINUTES) // timedelta(microseconds=1)


def attendance_is_told_in_time(change: CareChange, _found: Found) -> Iterator[Issue]:
    """Refuse to tell who came to a session, or did not, long before it begins."""
    before, after = change.before, change.after
    if not tells_attendance(after) or (before is not None and _is_told(before, after)):
        return
    if _is_ahead(after, change):
        told = (
            f"This Appointment begins at {after['start']}: from {_MINUTES} minutes before it can "
            f"be {after['status']}. Until then it may be cancelled, or moved."
        )
        yield Issue("error", "business-rule", told, "Appointment.status")


def a_visit_is_told_in_time(change: CareChange, found: Found) -> Iterator[Issue]:
    """Refuse to tell that somebody came long before the visit, or its session, begins."""
    after = change.after
    if not _tells_of_a_visit(change):
        return
    sessions = [each for every in found for each in every if "start" in each]
    period = after.get("period", {})
    first = min(sessions, key=lambda each: _begins(each, change), default=period)
    for told in (period, first):
        if _is_ahead(told, change):
            what = "This Encounter" if told is period else f"Appointment/{told['id']}"
            until = (
                f"{what} begins at {told['start']}: from {_MINUTES} minutes before the Encounter "
                f"can be {after['status']}. Until then it may be planned."
            )
            yield Issue("error", "business-rule", until, "Encounter.status")
            return


def nobody_has_come_to_a_later_session(change: CareChange, found: Found) -> Iterator[Issue]:
    """Refuse to move a session ahead to which somebody has come already."""
    matches = [each for every in found for each in every]
    sessions = {each["id"]: each for each in matches if each["resourceType"] == "Appointment"}
    for visit in filter(has_begun, matches):
        named = [sessions.get(each, {}) for each in appointments_of(visit, change.bases)]
        if all(_is_ahead(each, change) for each in named if "start" in each):
            told = (
                f"Encounter/{visit['id']} tells that somebody has come to this Appointment; it "
                "cannot be moved ahead. Correct the Encounter, or book another session."
            )
            yield Issue("error", "business-rule", told, "Appointment.start")
            return


def _is_told(before: JsonObject, after: JsonObject) -> bool:
    """Tell whether somebody's attendance at this time was told before."""
    return tells_attendance(before) and before.get("start") == after.get("start")


def _tells_of_a_visit(change: CareChange) -> bool:
    before, after = change.before, change.after
    if not has_begun(after):
        return False
    return before is None or not has_begun(before) or _when(before) != _when(after)


def _when(encounter: JsonObject) -> tuple[object, object]:
    return encounter.get("appointment"), encounter.get("period", {}).get("start")


def _is_ahead(told: JsonObject, change: CareChange) -> bool:
    return "start" in told and _begins(told, change) > instant(change.now) + _EARLY


def _begins(told: JsonObject, change: CareChange) -> int:
    """Give when something begins: a day at its first moment, where the programme is."""
    return date_range(told["start"], change.now.tzinfo or UTC)[0]


def _is_moved_ahead(change: CareChange) -> bool:
    before, after = change.before, change.after
    if before is None or after["status"] == "entered-in-error" or not _is_ahead(after, change):
        return False
    return "start" not in before or _begins(before, change) != _begins(after, change)


def _visits(change: CareChange) -> tuple[Need, ...]:
    if not _is_moved_ahead(change):
        return ()
    session = ("appointment", f"Appointment/{change.after['id']}")
    return (Need("Encounter", (session, ("status", ",".join(sorted(BEGUN))))),)


def _with_its_sessions(change: CareChange, found: Found) -> tuple[Need, ...]:
    """Name the session that is moved, which a visit told at the same time names too, and others."""
    named = {i for every in found for each in every for i in appointments_of(each, change.bases)}
    return _each({*named, change.after["id"]})


def _sessions(change: CareChange) -> tuple[Need, ...]:
    return _each(appointments_of(change.after, change.bases)) if _tells_of_a_visit(change) else ()


def _each(appointments: Iterable[str]) -> tuple[Need, ...]:
    # One by one, so that who moves a session and who tells of a visit wait for each other.
    return tuple(Need("Appointment", (("_id", each),)) for each in sorted(appointments))


LAWS: Final = (
    Law("Appointment", attendance_is_told_in_time),
    Law("Appointment", nobody_has_come_to_a_later_session, _visits, _with_its_sessions),
    Law("Encounter", a_visit_is_told_in_time, _sessions),
)
