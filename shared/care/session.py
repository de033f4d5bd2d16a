"""Sessions as the record tells them: Encounters of those who came, Appointments of those who not.

An Encounter counts from arrival to departure, inside the session, without its breaks. Encounter
has no no-show; the Appointment has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shared.care.programme_plan import ids_of
from shared.care.spans import length, minus, within
from shared.care.subject import patient_of
from shared.fhir.dates import date_range

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import tzinfo

    from shared.fhir.dates import Range
    from shared.fhir.reader import JsonObject

_ACT_CODE: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_OUTPATIENT: Final = frozenset({"AMB", "VR"})
# An Appointment tells of attendance when it has begun or was missed; a booked one does not yet.
TELLING: Final = frozenset({"arrived", "checked-in", "fulfilled", "noshow"})
# An Encounter with one of them says that somebody has come.
BEGUN: Final = frozenset({"arrived", "triaged", "in-progress", "onleave", "finished"})


@dataclass(frozen=True, slots=True)
class Counting:
    """How attendance is counted; `longest` is the longest visit believed, in microseconds."""

    bases: tuple[str, ...]
    zone: tzinfo
    longest: int
    takes_breaks_off: bool = True


def is_session(encounter: JsonObject) -> bool:
    """Tell whether an Encounter is a session that was attended to its end."""
    return encounter.get("status") == "finished" and _is_of_a_session(encounter)


def has_begun(encounter: JsonObject) -> bool:
    """Tell whether an Encounter says that somebody has come to a session."""
    return encounter.get("status") in BEGUN and _is_of_a_session(encounter)


def _is_of_a_session(encounter: JsonObject) -> bool:
    kind = encounter.get("class", {})
    return (
        kind.get("system", _ACT_CODE) == _ACT_CODE
        and kind.get("code") in _OUTPATIENT
        and bool(encounter.get("appointment"))
    )


def is_missed(appointment: JsonObject) -> bool:
    """Tell whether an Appointment was missed."""
    return appointment.get("status") == "noshow"


def tells_attendance(appointment: JsonObject) -> bool:
    """Tell whether attendance may depend on an Appointment."""
    return appointment.get("status") in TELLING


def may_change_a_week(told: JsonObject) -> bool:
    """Tell whether a version of an Encounter or Appointment may change what a week counts.

    One that follows another may take back what that one said.
    """
    is_first = told.get("meta", {}).get("versionId") == "1"
    tells = is_session if told["resourceType"] == "Encounter" else tells_attendance
    return not is_first or tells(told)


def appointments_of(encounter: JsonObject, bases: tuple[str, ...]) -> list[str]:
    """Name the ids of the Appointments that an Encounter keeps."""
    return ids_of(encounter.get("appointment", ()), "Appointment", bases)


def orders_of(told: JsonObject, bases: tuple[str, ...]) -> list[str]:
    """Name the ids of the ServiceRequests that an Encounter or Appointment is held for."""
    return ids_of(told.get("basedOn", ()), "ServiceRequest", bases)


def patient_of_appointment(appointment: JsonObject, bases: tuple[str, ...]) -> str | None:
    """Give the logical id of the Patient here who takes part."""
    found = (patient_of(each, "actor", bases) for each in appointment.get("participant", ()))
    return next(filter(None, found), None)


def scheduled(appointment: JsonObject, zone: tzinfo) -> Range | None:
    """Give the time of an Appointment; None where it has not both ends."""
    return _span(appointment, zone)


def attended(
    encounter: JsonObject, appointments: Mapping[str, JsonObject], counting: Counting
) -> list[Range]:
    """Give the time that an Encounter was attended inside its sessions, as it is counted.

    One of a session that is told to have been missed has none.
    """
    whole = _span(encounter.get("period", {}), counting.zone)
    if whole is None or not is_session(encounter):
        return []
    named = [appointments.get(each, {}) for each in appointments_of(encounter, counting.bases)]
    if named and all(is_missed(each) for each in named):
        return []
    sessions = [span for each in named if (span := scheduled(each, counting.zone)) is not None]
    present = within([whole], sessions) if sessions else [whole]
    if length(present) > counting.longest:
        return []
    breaks = _breaks(encounter, whole, counting.zone) if counting.takes_breaks_off else ()
    return minus(present, breaks)


def _breaks(encounter: JsonObject, whole: Range, zone: tzinfo) -> Iterator[Range]:
    for each in encounter.get("statusHistory", ()):
        if each.get("status") == "onleave":
            period = each.get("period", {})
            low, high = _start(period, "start", zone), _start(period, "end", zone)
            yield whole[0] if low is None else low, whole[1] if high is None else high


def _span(period: JsonObject, zone: tzinfo) -> Range | None:
    low, high = _start(period, "start", zone), _start(period, "end", zone)
    return None if low is None or high is None or low >= high else (low, high)


def _start(period: JsonObject, end: str, zone: tzinfo) -> int | None:
    text = period.get(end)
    return None if text is None else date_range(text, zone)[0]
