"""The published week of a cohort: a Schedule for each service, and a Slot for each session.

A Slot says when and what, how many it takes, and whether it is full; never who comes.
https://hl7.org/fhir/R4/schedule.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.care.appointment import sessions_of
from shared.care.automatic import Policy, derived_id
from shared.care.canonical import code_system
from shared.care.capacity import places_left, slot_id, takes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shared.fhir.reader import JsonObject

POLICY: Final = Policy(
    "schedule-follows-the-plans", "1.0", "Publishes the group sessions of a programme"
)
COHORTS: Final = code_system("programme")


def published(appointments: Iterable[JsonObject], places: int) -> list[JsonObject]:
    """Write the Schedules and Slots of the group sessions among appointments, of so many places."""
    found: dict[str, JsonObject] = {}
    for each in appointments:
        for session in sessions_of(each):
            schedule = _schedule(session, each, places)
            slot = _slot(session, each, schedule)
            found |= {schedule["id"]: schedule, slot["id"]: slot}
    return list(found.values())


def cohorts_met(schedule: JsonObject) -> list[str]:
    """Name the cohorts whose sessions a Schedule is of."""
    named = (each.get("identifier", {}) for each in schedule.get("actor", ()))
    return [str(each.get("value")) for each in named if each.get("system") == COHORTS]


def told_full(
    slot: JsonObject, appointments: Sequence[JsonObject], bases: tuple[str, ...]
) -> JsonObject | None:
    """Tell by its status whether a Slot is full; None where it says so, or says other things."""
    status = "free" if places_left(slot, appointments, bases) > 0 else "busy"
    changes = {slot.get("status"), status} == {"free", "busy"}
    return slot | {"status": status} if changes else None


def _schedule(session: str, appointment: JsonObject, places: int) -> JsonObject:
    cohort, _, meeting = session.partition("|")
    service = meeting.rpartition("|")[0]
    programme = {"type": "HealthcareService", "identifier": {"system": COHORTS, "value": cohort}}
    return {
        "resourceType": "Schedule",
        "id": derived_id(f"{cohort}|{service}", "schedule"),
        "extension": [takes(places)],
        "active": True,
        **_service_type(appointment),
        "actor": [programme | {"display": "Intensive outpatient programme"}],
        **_comment(appointment),
    }


def _slot(session: str, appointment: JsonObject, schedule: JsonObject) -> JsonObject:
    return {
        "resourceType": "Slot",
        "id": slot_id(session),
        "extension": schedule["extension"],
        "identifier": list(appointment["identifier"]),
        **_service_type(appointment),
        "schedule": {"reference": f"Schedule/{schedule['id']}"},
        "status": "free",
        "start": appointment["start"],
        "end": appointment["end"],
        **_comment(appointment),
    }


def _service_type(appointment: JsonObject) -> JsonObject:
    return {name: appointment[name] for name in ("serviceType",) if name in appointment}


def _comment(appointment: JsonObject) -> JsonObject:
    return {"comment": appointment["description"]} if "description" in appointment else {}
