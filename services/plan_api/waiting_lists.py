"""Finds who waits for places in sessions, with all that decides on who is first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.domain import slots
from services.plan_api.domain.cohort import Cohort
from services.plan_api.domain.place_given import Waiting, waits
from shared.care import stated_risk
from shared.care.appointment import sessions_of
from shared.care.capacity import seats, session_token
from shared.care.session import patient_of_appointment
from shared.feed.one_person import one_person
from shared.feed.open_episode import has_open_episode
from shared.server.interactions.update import content_of
from shared.store.finding import find, find_any
from shared.store.version import instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from shared.care.law import Need
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.transaction import Transaction
    from shared.store.version import Key

_WAITLIST: Final = ("status", "waitlist")
_MANY: Final = 1000


async def slots_of(tx: Transaction, appointments: Iterable[JsonObject]) -> list[Found]:
    """Find the Slots that appointments are for, by name or as those of their session."""
    needs = [need for each in appointments for need in seats(each, tx.bases)]
    slots = [need for need in dict.fromkeys(needs) if need.type == "Slot"]
    found = [match for need in slots for match in await find(tx, need.type, *need.criteria)]
    return list({each.key.id: each for each in found}.values())


async def line_of(tx: Transaction, slots: Iterable[JsonObject], now: datetime) -> list[Found]:
    """Find the Appointments that wait for a place in some Slots, and are still to come."""
    found: dict[str, Found] = {}
    for need in dict.fromkeys(need for each in slots for need in _about(each, tx)):
        asked = [each for each in need.criteria if each[0] != "status"]
        for each in await find(tx, "Appointment", *asked, _WAITLIST):
            found[each.key.id] = each
    return [each for each in found.values() if waits(each.content, now)]


async def line_for(tx: Transaction, cohort: Key, now: datetime) -> list[Found]:
    """Find the Appointments that wait for a place in the published sessions of a cohort."""
    week = await find(tx, "Schedule", ("actor:identifier", f"{slots.COHORTS}|"))
    own = [e.reference for e in week if _is_of(e.content, cohort)]
    to_come = ("schedule", ",".join(own)), ("start", f"ge{instant(now)}")
    met = await find(tx, "Slot", *to_come) if own else []
    named = {session_token(session) for each in met for session in sessions_of(each.content)}
    line = await find_any(tx, "Appointment", ("identifier", sorted(named)), _WAITLIST)
    return [each for each in line if waits(each.content, now)]


def _is_of(schedule: JsonObject, cohort: Key) -> bool:
    return any(Cohort(name).id == cohort.id for name in slots.cohorts_met(schedule))


async def beside(tx: Transaction, line: Iterable[Found], now: datetime) -> list[JsonObject]:
    """Find the Slots of all for which the people of a line wait, so that they are told once."""
    people = {patient_of_appointment(each.content, tx.bases) for each in line} - {None}
    named = sorted(f"Patient/{each}" for each in people)
    waiting = await find_any(tx, "Appointment", ("patient", named), _WAITLIST)
    found = await slots_of(tx, [e.content for e in waiting if waits(e.content, now)])
    return [each.content for each in found]


async def ranked(tx: Transaction, line: Sequence[Found]) -> list[Waiting]:
    """Tell of each who is in care since when they wait, and at which risk they are."""
    whose = {each.key.id: patient_of_appointment(each.content, tx.bases) for each in line}
    people = dict.fromkeys(each for each in whose.values() if each is not None)
    # Somebody may wait for dozens of sessions.
    risks = {e: await _risk(tx, e) for e in people if await has_open_episode(tx, e)}
    return [
        Waiting(each.content, await _since(tx, each), risks[patient_id])
        for each in line
        if (patient_id := whose[each.key.id]) in risks
    ]


def _about(slot: JsonObject, tx: Transaction) -> list[Need]:
    named = {"slot": [{"reference": f"Slot/{slot['id']}"}]}
    named |= {name: slot[name] for name in ("identifier",) if name in slot}
    return [need for need in seats(named, tx.bases) if need.type == "Appointment"]


async def _since(tx: Transaction, waiting: Found) -> datetime:
    """Tell since when an Appointment has been on the waiting list, whatever was noted since."""
    since = waiting.version.updated
    for version in await tx.history(waiting.key, before=None, limit=_MANY):
        if (content_of(version) or {}).get("status") != "waitlist":
            break
        since = version.updated
    return since


async def _risk(tx: Transaction, patient_id: str) -> str | None:
    person = await one_person(tx, patient_id)
    found = await find(tx, "Observation", person.criterion, *stated_risk.CRITERIA)
    return stated_risk.last_answer((each.content for each in found), tx.zone)
