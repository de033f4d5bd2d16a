"""How many sessions a person was offered, came to and missed in a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shared.care.session import appointments_of, is_session, scheduled

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import tzinfo

    from shared.fhir.dates import Range
    from shared.fhir.reader import JsonObject

_CAME: Final = frozenset({"arrived", "checked-in", "fulfilled"})


@dataclass(frozen=True, slots=True)
class Attendance:
    """Sessions whose time has come; `untold` are those of which nobody has said who came."""

    attended: int
    missed: int
    untold: int

    @property
    def offered(self) -> int:
        """How many sessions there were."""
        return self.attended + self.missed + self.untold

    @property
    def percent(self) -> int | None:
        """The sessions attended of those that are told, rounded half up; None where none is."""
        known = self.attended + self.missed
        return (200 * self.attended + known) // (2 * known) if known else None


def attendance(
    appointments: Mapping[str, JsonObject],
    encounters: Iterable[JsonObject],
    span: Range,
    zone: tzinfo,
    bases: tuple[str, ...],
) -> Attendance:
    """Count the sessions that began in a time; one that was missed has no visit that counts."""
    seen = {a for each in encounters if is_session(each) for a in appointments_of(each, bases)}
    counted = [_state(each, seen) for each in appointments.values() if _began(each, span, zone)]
    return Attendance(
        attended=counted.count("attended"),
        missed=counted.count("missed"),
        untold=counted.count("untold"),
    )


def _state(appointment: JsonObject, seen: set[str]) -> str:
    status = appointment.get("status")
    if status == "noshow":
        return "missed"
    if status in _CAME or (status == "booked" and appointment["id"] in seen):
        return "attended"
    return "untold" if status == "booked" else "not-held"


def _began(appointment: JsonObject, span: Range, zone: tzinfo) -> bool:
    told = scheduled(appointment, zone)
    return told is not None and span[0] <= told[0] < span[1]
