"""Who of those on a session's waiting list is booked when a place comes free, and is told so.

First goes the most urgent: by the Appointment's own priority where somebody has set one, else by
the person's last suicide risk; among equals who has waited for longest.
https://hl7.org/fhir/R4/appointment.html
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from services.plan_api.domain.settling import FULL, settled
from shared.care.appointment import span_of
from shared.care.automatic import Policy, derived_id
from shared.care.booking import is_too_long
from shared.care.capacity import fills, is_for, takes_in
from shared.fhir.dates import date_range, instant, moment
from shared.fhir.reader import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime, tzinfo

    from shared.fhir.reader import JsonObject

_DATA: Final[dict[str, Any]] = read((files(__package__) / "place_given.json").read_bytes())
POLICY: Final = Policy(_DATA["name"], _DATA["version"], _DATA["title"])
MOVES_UP: Final[bool] = _DATA["movesUp"]
_CATEGORY: Final = {
    "coding": [
        {
            "system": "http://terminology.hl7.org/CodeSystem/communication-category",
            "code": "notification",
        }
    ],
    "text": "A place has come free",
}
_SAID: Final = "You have the place that you waited for."


@dataclass(frozen=True, slots=True)
class Waiting:
    """An Appointment on a waiting list, with what decides on its place there."""

    appointment: JsonObject
    since: datetime
    risk: str | None = None

    @property
    def rank(self) -> tuple[int, datetime, str]:
        """Order who waits: by priority, then time."""
        # Zero is what nobody has set.
        said = self.appointment.get("priority") or _DATA["risk"].get(self.risk)
        return said or _DATA["otherwise"], self.since, self.appointment["id"]


def waits(appointment: JsonObject | None, now: datetime) -> bool:
    """Tell whether somebody waits for a place in what is still to come."""
    if appointment is None or appointment.get("status") != "waitlist":
        return False
    span = span_of(appointment)
    return span is not None and span[0] > instant(now)


def moved_up(
    waiting: Iterable[Waiting],
    taken: Sequence[JsonObject],
    slots: Sequence[JsonObject],
    bases: tuple[str, ...],
) -> list[JsonObject]:
    """Book those for whom there is room, the first before the others."""
    in_line = (_booked(each.appointment) for each in sorted(waiting, key=lambda each: each.rank))
    wanted = [each for each in in_line if _may_be_booked(each, slots, bases)]
    ids = {each["id"] for each in wanted}
    others = [each for each in taken if each["id"] not in ids]
    return [e for e in settled(wanted, others, slots, bases) if e["status"] == "booked"]


def communication(
    patient: str, appointments: Sequence[JsonObject], *, at: str, zone: tzinfo
) -> JsonObject:
    """Tell a person of the places that they have now."""
    in_order = sorted(appointments, key=lambda each: date_range(each["start"], zone)[0])
    named = [{"reference": f"Appointment/{each['id']}"} for each in in_order]
    return {
        "resourceType": "Communication",
        "id": derived_id(f"{named[0]['reference']}/{at}", "place-given"),
        "status": "completed",
        "category": [_CATEGORY],
        "priority": "routine",
        "subject": {"reference": patient},
        "about": named,
        "recipient": [{"reference": patient}],
        "sent": at,
        "payload": [
            {"contentString": each} for each in (_SAID, *(_line(e, zone) for e in in_order))
        ],
    }


def _may_be_booked(booked: JsonObject, slots: Iterable[JsonObject], bases: tuple[str, ...]) -> bool:
    """Tell whether the laws let an appointment be booked: one on a waiting list is not held yet."""
    own = [each for each in slots if is_for(booked, each, bases)]
    is_meant = any(fills(booked, each, bases) for each in own)
    return is_meant and all(takes_in(each, booked) for each in own) and not is_too_long(booked)


def _booked(appointment: JsonObject) -> JsonObject:
    booked = appointment | {"status": "booked"}
    # What people have noted stays.
    if booked.get("comment") == FULL:
        del booked["comment"]
    return booked


def _line(appointment: JsonObject, zone: tzinfo) -> str:
    start = moment(date_range(appointment["start"], zone)[0]).astimezone(zone)
    return f"{appointment.get('description', 'Appointment')}: {start:%Y-%m-%d %H:%M}"
