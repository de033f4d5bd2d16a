"""Finds room for sessions: publishes the Slots of a cohort's, and sees who and what is taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.plan_api.domain import slots
from services.plan_api.domain.neighbours import Neighbours
from services.plan_api.domain.settling import settled
from services.plan_api.waiting_lists import slots_of
from shared.care.appointment import sessions_of
from shared.care.booking import around, exclusive
from shared.care.capacity import seats, slot_id
from shared.server.interactions.update import content_of
from shared.store.finding import find
from shared.store.version import Key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from shared.care.law import Need
    from shared.fhir.reader import JsonObject
    from shared.store.transaction import Transaction
    from shared.store.version import Version


@dataclass(frozen=True, slots=True)
class Scheduled:
    """Schedules and Slots that are new or filled now, and the Appointments as they can be made.

    Each of the former with the version that it follows.
    """

    published: list[tuple[Version | None, JsonObject]]
    appointments: list[JsonObject]


async def scheduled(tx: Transaction, wanted: Sequence[JsonObject], places: int) -> Scheduled:
    """Settle which sessions of a cohort of so many can be booked; nobody else books these now."""
    week = slots.published(wanted, places)
    known = await _known(tx, week)
    there = {key: content_of(version) for key, version in known.items()}
    present = [there.get(_key(each), each) for each in week]
    open_slots = [each for each in present if each and each["resourceType"] == "Slot"]
    placed = [_with_slot(each, {slot["id"] for slot in open_slots}) for each in wanted]
    ids = {each["id"] for each in placed}
    others = [each for each in await _present(tx, placed) if each["id"] not in ids]
    # What was booked before may name a Slot of no session, which others may have filled since.
    named = [each.content for each in await slots_of(tx, [e for e in wanted if "slot" in e])]
    places_in = {each["id"]: each for each in (*named, *open_slots)}
    made = settled(placed, others, places_in.values(), tx.bases)
    return Scheduled(_published(week, known, Neighbours((*others, *made)), tx.bases), made)


def _published(
    week: Sequence[JsonObject],
    known: Mapping[Key, Version],
    appointments: Neighbours,
    bases: tuple[str, ...],
) -> list[tuple[Version | None, JsonObject]]:
    """List what is new, and the Slots that say from now on whether they are full."""
    found: list[tuple[Version | None, JsonObject]] = []
    for each in week:
        version = known.get(_key(each))
        current = each if version is None else content_of(version)
        is_slot = current is not None and current["resourceType"] == "Slot"
        told = (
            slots.told_full(current, appointments.of(current), bases)
            if current and is_slot
            else None
        )
        if told is not None or version is None:
            found.append((version, told or each))
    return found


async def taken(tx: Transaction, needs: Iterable[Need]) -> list[JsonObject]:
    """Find the Appointments that some needs name."""
    asked = [each for each in dict.fromkeys(needs) if each.type == "Appointment"]
    found = [match for need in asked for match in await find(tx, need.type, *need.criteria)]
    return list({each.key.id: each.content for each in found}.values())


async def _present(tx: Transaction, wanted: Sequence[JsonObject]) -> list[JsonObject]:
    needs = [need for each in wanted for need in needed(each, tx.bases)]
    # As the laws do, so that what is free now still is when it is written.
    await tx.hold_conditions([repr(need) for need in needs])
    return await taken(tx, needs)


def needed(appointment: JsonObject, bases: tuple[str, ...]) -> list[Need]:
    """Name the searches for all that may keep an appointment from being booked."""
    actors = sorted(exclusive(appointment, bases))
    held = [need for actor in actors for need in around(appointment, actor)]
    return [*held, *seats(appointment, bases)]


async def _known(tx: Transaction, week: Sequence[JsonObject]) -> dict[Key, Version]:
    """Read what was published before, and what of it people have deleted."""
    found: dict[Key, Version] = {}
    for name in ("Schedule", "Slot"):
        ids = [each["id"] for each in week if each["resourceType"] == name]
        found |= await tx.read_many(name, ids)
    return found


def _key(resource: JsonObject) -> Key:
    return Key(resource["resourceType"], resource["id"])


def _with_slot(appointment: JsonObject, ids: set[str]) -> JsonObject:
    named = [slot_id(each) for each in sorted(sessions_of(appointment))]
    there = [{"reference": f"Slot/{each}"} for each in named if each in ids]
    return appointment | {"slot": there} if there else appointment
