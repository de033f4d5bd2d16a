"""A place in a session or cohort came free: whoever waits first has it, and is told, once.

Only if the policy says so. Who has joined no cohort yet joins the one of these sessions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.domain import place_given
from services.plan_api.domain.bundle import put_new, transaction
from services.plan_api.domain.cohort import has_room
from services.plan_api.membership import join
from services.plan_api.scheduling import needed, taken
from services.plan_api.waiting_lists import beside, line_for, line_of, ranked, slots_of
from shared.care.appointment import holds, sessions_of
from shared.care.automatic import Act, provenance
from shared.care.capacity import fills, is_closed, slot_id
from shared.care.programme_plan import ids_of, is_in_force
from shared.care.session import patient_of_appointment
from shared.feed.reaction import Reaction
from shared.fhir.writer import write
from shared.server.interactions.update import content_of
from shared.server.saving import save
from shared.store.finding import fetch
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found

_PLACES: Final = ("status", "slot", "identifier", "start", "end")


async def handle(event: Event, effects: Effects) -> None:
    """Look whether anybody waits for what may be free now."""
    if not place_given.MOVES_UP:
        return
    if event.key.type == "Group":
        await _let_in(event.key, effects)
    else:
        await _move_up(await _may_be_free(event, effects), effects)


async def _let_in(cohort: Key, effects: Effects) -> None:
    """Let those join a cohort who wait for its sessions, as far as there is room."""
    group = await fetch(effects.tx, cohort)
    if group is None or not has_room(group.content):
        return
    line = await line_for(effects.tx, cohort, effects.now)
    for each in sorted(await ranked(effects.tx, line), key=lambda each: each.rank):
        patient_id = patient_of_appointment(each.appointment, effects.tx.bases)
        await _join([each.appointment], f"Patient/{patient_id}", effects)


async def _move_up(slots: Sequence[JsonObject], effects: Effects) -> None:
    tx, now = effects.tx, effects.now
    line = await line_of(tx, slots, now)
    if not line:
        return
    every = [*slots, *await beside(tx, line, now)]
    wanted = [each.content | {"status": "booked"} for each in await line_of(tx, every, now)]
    needs = [need for each in wanted for need in needed(each, tx.bases)]
    # As the laws do, so that what is free now still is when it is written.
    await tx.hold_conditions([repr(need) for need in needs])
    # Who came into the line meanwhile is not held, and leads here by their own event.
    held = {each["id"] for each in wanted}
    line = [each for each in await line_of(tx, every, now) if each.key.id in held]
    waiting = await ranked(tx, line)
    there = [each.content for each in await slots_of(tx, wanted)]
    present = await taken(tx, needs)
    moved = place_given.moved_up(waiting, present, there, tx.bases)
    for patient_id in dict.fromkeys(patient_of_appointment(each, tx.bases) for each in moved):
        own = [each for each in moved if patient_of_appointment(each, tx.bases) == patient_id]
        filled = [slot for slot in there if any(fills(e, slot, tx.bases) for e in own)]
        await _give(f"Patient/{patient_id}", own, line, effects, slots=filled)


async def _may_be_free(event: Event, effects: Effects) -> list[JsonObject]:
    tx = effects.tx
    after = content_of(await tx.read_version(event.key, event.version))
    if event.key.type == "Slot":
        return [] if after is None or is_closed(after) else [after]
    before = content_of(await tx.read_version(event.key, event.version - 1))
    names = [each for each in _PLACES if (before or {}).get(each) != (after or {}).get(each)]
    gave_back = before is not None and holds(before) and bool(names)
    came = place_given.waits(after, effects.now) and bool(names)
    told = ((before, gave_back), (after, came))
    found = await slots_of(tx, [each for each, does in told if each is not None and does])
    return [each.content for each in found]


async def _give(
    patient: str,
    moved: Sequence[JsonObject],
    line: Sequence[Found],
    effects: Effects,
    *,
    slots: Sequence[JsonObject],
) -> None:
    """Book what one person has waited for, and tell them."""
    versions = {each.key.id: each.version for each in line}
    changes = [
        Change(Key("Appointment", e["id"]), "PUT", versions[e["id"]], e, effects.now) for e in moved
    ]
    at = instant(effects.now)
    # Never who gave the place back: that would disclose people to each other.
    sources = [f"Slot/{each['id']}" for each in slots]
    act = Act([str(each.key) for each in changes], sources, at, "UPDATE")
    said = Key("Provenance", effects.id_for(f"place-given/{patient}"))
    told = provenance(place_given.POLICY, act)
    await save(effects.tx, [*changes, Change(said, "PUT", None, told, effects.now)])
    message = place_given.communication(patient, moved, at=at, zone=effects.tx.zone)
    body = write(transaction([put_new(message)]))
    await effects.send("intake", "POST", "", body=body, purpose=f"place-given/{patient}")
    await _join(moved, patient, effects)


async def _join(moved: Sequence[JsonObject], patient: str, effects: Effects) -> None:
    named = [each for one in moved for each in one.get("supportingInformation", ())]
    for logical_id in ids_of(named, "CarePlan", effects.tx.bases):
        plan = await fetch(effects.tx, Key("CarePlan", logical_id))
        if plan is not None and is_in_force(plan.content):
            await join(plan, patient, effects)


def _concerns(told: JsonObject) -> bool:
    # What a plan books and publishes is settled by itself; a later version may have given a place
    # back, and people may wait for a session before they publish its Slot.
    if told.get("meta", {}).get("versionId") != "1":
        return True
    if told["resourceType"] == "Slot":
        met = sessions_of(told)
        return bool(met) and told["id"] not in map(slot_id, met)
    return told.get("status") == "waitlist" and "supportingInformation" not in told


REACTION: Final = Reaction(
    "place_given", frozenset({"Appointment", "Group", "Slot"}), handle, _concerns
)
