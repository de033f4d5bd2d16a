"""Finds room for sessions: publishes the Slots of a cohort's, and sees who and what is taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.plan_api.domain import slots
from services.plan_api.domain.settling import settled
from shared.care.appointment import sessions_of
from shared.care.booking import around, exclusive
from shared.care.capacity import seats
from shared.server.interactions.update import content_of
from shared.store.finding import find
from shared.store.version import Key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shared.care.law import Need
    from shared.fhir.reader import JsonObject
    from shared.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Scheduled:
    """The Schedules and Slots to be published first, and the Appointments as they can be made."""

    published: list[JsonObject]
    appointments: list[JsonObject]


async def scheduled(tx: Transaction, wanted: Sequence[JsonObject]) -> Scheduled:
    """Settle which sessions can be booked; nobody else books the same until the commit."""
    week = slots.published(wanted)
    known = await _known(tx, week)
    fresh = [each for each in week if _key(each) not in known]
    there = {key.id: content for key, content in known.items() if content is not None}
    open_slots = [e for e in (*fresh, *there.values()) if e["resourceType"] == "Slot"]
    placed = [_with_slot(each, {slot["id"] for slot in open_slots}) for each in wanted]
    present = await _present(tx, placed)
    return Scheduled(fresh, settled(placed, present, open_slots, tx.bases))


async def taken(tx: Transaction, needs: Iterable[Need]) -> list[JsonObject]:
    """Find the Appointments that some needs name."""
    asked = [each for each in dict.fromkeys(needs) if each.type == "Appointment"]
    found = [match for need in asked for match in await find(tx, need.type, *need.criteria)]
    return list({each.key.id: each.content for each in found}.values())


async def _present(tx: Transaction, wanted: Sequence[JsonObject]) -> list[JsonObject]:
    needs = [need for each in wanted for need in _needs(each, tx.bases)]
    # As the laws do, so that what is free now still is when it is written.
    await tx.hold_conditions([repr(need) for need in needs])
    return await taken(tx, needs)


def _needs(appointment: JsonObject, bases: tuple[str, ...]) -> list[Need]:
    actors = sorted(exclusive(appointment, bases))
    held = [need for actor in actors for need in around(appointment, actor)]
    return [*held, *seats(appointment, bases)]


async def _known(tx: Transaction, week: Sequence[JsonObject]) -> dict[Key, JsonObject | None]:
    """Read what was published before; None for what people have deleted."""
    found: dict[Key, JsonObject | None] = {}
    for name in ("Schedule", "Slot"):
        ids = [each["id"] for each in week if each["resourceType"] == name]
        versions = await tx.read_many(name, ids)
        found |= {key: content_of(version) for key, version in versions.items()}
    return found


def _key(resource: JsonObject) -> Key:
    return Key(resource["resourceType"], resource["id"])


def _with_slot(appointment: JsonObject, ids: set[str]) -> JsonObject:
    named = [slots.slot_id(each) for each in sorted(sessions_of(appointment))]
    there = [{"reference": f"Slot/{each}"} for each in named if each in ids]
    return appointment | {"slot": there} if there else appointment
