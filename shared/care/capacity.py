"""How many people a cohort or a session takes, and the laws that no more are let in.

A Slot takes as many Appointments as its extension says, or one; a group session's Slot carries
the identifier of the session, and so do the Appointments that fill it.
https://hl7.org/fhir/R4/slot.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.care.appointment import HOLDING, SESSION_SYSTEM, holds, overlap, sessions_of
from shared.care.automatic import derived_id
from shared.care.canonical import profile
from shared.care.law import CareChange, Found, Law, Need
from shared.care.programme_plan import ids_of
from shared.fhir.errors import Issue
from shared.fhir.search.escapes import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shared.fhir.reader import JsonObject

CAPACITY: Final = profile("capacity")
_CLOSED: Final = frozenset({"busy-unavailable", "entered-in-error"})


def capacity_of(told: JsonObject) -> int | None:
    """Give the number of people that a Group, Schedule or Slot takes; None where it says none."""
    said = (each for each in told.get("extension", ()) if each.get("url") == CAPACITY)
    return next((each["valuePositiveInt"] for each in said if "valuePositiveInt" in each), None)


def takes(people: int) -> JsonObject:
    """Write how many people a Group, Schedule or Slot takes."""
    return {"url": CAPACITY, "valuePositiveInt": people}


def is_closed(slot: JsonObject) -> bool:
    """Tell whether people have closed a Slot, which takes nobody then."""
    return slot.get("status") in _CLOSED


def fills(appointment: JsonObject, slot: JsonObject, bases: tuple[str, ...]) -> bool:
    """Tell whether an appointment holds a place of a Slot; one that was moved away does not."""
    return is_for(appointment, slot, bases) and holds(appointment) and overlap(appointment, slot)


def is_for(appointment: JsonObject, slot: JsonObject, bases: tuple[str, ...]) -> bool:
    """Tell whether an appointment is for a Slot, by name or as one of its session."""
    is_meant = bool(sessions_of(appointment) & sessions_of(slot))
    return is_meant or slot["id"] in ids_of(appointment.get("slot", ()), "Slot", bases)


def takes_in(slot: JsonObject, appointment: JsonObject) -> bool:
    """Tell whether a Slot is open for such an appointment, as long as there is room."""
    return _is_of(slot, appointment) and not is_closed(slot)


def places_left(
    slot: JsonObject, appointments: Iterable[JsonObject], bases: tuple[str, ...]
) -> int:
    """Count the places of a Slot that nobody holds; below none where it is overfull."""
    filled = {each["id"] for each in appointments if fills(each, slot, bases)}
    return (capacity_of(slot) or 1) - len(filled)


def a_session_has_room(change: CareChange, found: Found) -> Iterator[Issue]:
    """Refuse an appointment in a Slot that is full, closed or of another session."""
    matches = [each for every in found for each in every]
    others = [each for each in matches if each["resourceType"] == "Appointment"]
    for slot in {each["id"]: each for each in matches if each["resourceType"] == "Slot"}.values():
        code = "conflict"
        if not _is_of(slot, change.after):
            code = "business-rule"
            told = "and the Appointment must carry the identifier of the same session"
        elif is_closed(slot):
            told = "takes no appointments"
        elif fills(change.after, slot, change.bases) and (
            places_left(slot, (change.after, *others), change.bases) < 0
        ):
            told = f"is full: it takes {capacity_of(slot) or 1}"
        else:
            continue
        yield Issue("error", code, f"Slot/{slot['id']} {told}.", "Appointment.slot")


def _is_of(slot: JsonObject, appointment: JsonObject) -> bool:
    """Tell whether both are of the same session, or neither is of any."""
    met, wanted = sessions_of(slot), sessions_of(appointment)
    return met <= wanted and bool(met) == bool(wanted)


def a_cohort_has_room(change: CareChange, _found: Found) -> Iterator[Issue]:
    """Refuse one more member of a Group than it takes."""
    most, members = capacity_of(change.after), len(change.after.get("member", ()))
    before = len((change.before or {}).get("member", ()))
    if most is not None and members > max(most, before):
        told = f"The cohort is full: it takes {most}."
        yield Issue("error", "business-rule", told, "Group.member")


def slot_id(session: str) -> str:
    """Derive the id of the Slot that is published for a session."""
    return derived_id(session, "slot")


def session_token(session: str) -> str:
    """Ask a search for what is of a session."""
    return f"{SESSION_SYSTEM}|{escape(session)}"


def seats(appointment: JsonObject, bases: tuple[str, ...]) -> tuple[Need, ...]:
    """Name the searches for the Slots of an appointment, and for who else fills them.

    Those of a session are found by its identifier, so its own Slot need not be asked for twice.
    """
    status = ("status", ",".join(HOLDING))
    met = sorted(sessions_of(appointment))
    sessions = list(map(session_token, met))
    own = {slot_id(each) for each in met}
    named = [e for e in ids_of(appointment.get("slot", ()), "Slot", bases) if e not in own]
    return (
        *(Need("Slot", (("identifier", each),)) for each in sessions),
        *(Need("Appointment", (("identifier", each), status)) for each in sessions),
        *(Need("Slot", (("_id", each),)) for each in named),
        *(Need("Appointment", (("slot", f"Slot/{each}"), status)) for each in named if not met),
    )


def _needs(change: CareChange) -> tuple[Need, ...]:
    return seats(change.after, change.bases) if _sits_down(change) else ()


def _sits_down(change: CareChange) -> bool:
    before = change.before
    if not holds(change.after) or before is None or not holds(before):
        return holds(change.after)
    names = ("slot", "identifier", "start", "end")
    return any(before.get(name) != change.after.get(name) for name in names)


LAWS: Final = (
    Law("Appointment", a_session_has_room, _needs),
    Law("Group", a_cohort_has_room),
)
