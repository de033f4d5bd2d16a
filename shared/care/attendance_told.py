"""The law about attendance: nobody has come to a session, or missed it, before it is time.

It holds for an Appointment that was booked here for an order. What is loaded as it was told
elsewhere, and what was told before, stays as it is.
https://hl7.org/fhir/R4/valueset-appointmentstatus.html
"""

from __future__ import annotations

from datetime import timedelta
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from shared.care.law import CareChange, Found, Law
from shared.care.session import orders_of, tells_attendance
from shared.fhir.dates import date_range, instant
from shared.fhir.errors import Issue
from shared.fhir.reader import read

if TYPE_CHECKING:
    from collections.abc import Iterator

_DATA: Final[dict[str, Any]] = read((files(__package__) / "attendance_told.json").read_bytes())
_MINUTES: Final[int] = _DATA["earliestMinutesBefore"]
_EARLY: Final = timedelta(minutes=_MINUTES) // timedelta(microseconds=1)


def attendance_is_told_in_time(change: CareChange, _found: Found) -> Iterator[Issue]:
    """Refuse to tell who came to a session, or did not, long before it begins."""
    before, after = change.before, change.after
    if before is None or tells_attendance(before) or not tells_attendance(after):
        return
    if "start" not in after or not orders_of(after, change.bases):
        return
    begins = date_range(after["start"])[0]
    if begins > instant(change.now) + _EARLY:
        told = (
            f"This Appointment begins at {after['start']}: from {_MINUTES} minutes before it can "
            f"be {after['status']}. Until then it may be cancelled, or moved."
        )
        yield Issue("error", "business-rule", told, "Appointment.status")


LAWS: Final = (Law("Appointment", attendance_is_told_in_time),)
