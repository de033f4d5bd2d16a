"""A place of a Slot was taken or given back: the Slot says whether it is full.

Only between `free` and `busy`; what people have closed stays closed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.domain import slots
from services.plan_api.scheduling import taken
from services.plan_api.waiting_lists import slots_of
from shared.care.automatic import Act, provenance
from shared.care.capacity import seats
from shared.feed.reaction import Reaction
from shared.server.interactions.update import content_of
from shared.server.saving import save
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found


async def handle(event: Event, effects: Effects) -> None:
    """Look at the Slots of this version and of the one before it."""
    tx = effects.tx
    after = content_of(await tx.read_version(event.key, event.version))
    before = content_of(await tx.read_version(event.key, event.version - 1))
    for slot in await slots_of(tx, [told for told in (before, after) if told]):
        await _tell(slot, f"{event.key}/_history/{event.version}", effects)


async def _tell(slot: Found, source: str, effects: Effects) -> None:
    asked = {"slot": [{"reference": slot.reference}]}
    asked |= {name: slot.content[name] for name in ("identifier",) if name in slot.content}
    needs = seats(asked, effects.tx.bases)
    # So that two places that are taken at once are both seen.
    await effects.tx.hold_conditions([repr(need) for need in needs])
    told = slots.told_full(slot.content, await taken(effects.tx, needs), effects.tx.bases)
    if told is None:
        return
    act = Act([slot.reference], [source], instant(effects.now), "UPDATE")
    said = Key("Provenance", effects.id_for(f"slot/{slot.key.id}"))
    changes = [
        Change(slot.key, "PUT", slot.version, told, effects.now),
        Change(said, "PUT", None, provenance(slots.POLICY, act), effects.now),
    ]
    await save(effects.tx, changes)


def _concerns(appointment: JsonObject) -> bool:
    # What a plan books fills its Slots by itself; a later version may have given one up.
    is_first = appointment.get("meta", {}).get("versionId") == "1"
    names_one = not {"slot", "identifier"}.isdisjoint(appointment)
    return not is_first or (names_one and "supportingInformation" not in appointment)


REACTION: Final = Reaction("slot_filled", frozenset({"Appointment"}), handle, _concerns)
