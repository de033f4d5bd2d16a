"""A person has died: no reminder to them goes out any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.care.automatic import Act, Policy, provenance
from shared.care.death import DIED, is_dead
from shared.feed.reaction import Reaction
from shared.server.saving import save
from shared.store.finding import fetch, find
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.feed.reaction import Event

POLICY: Final = Policy("no-reminder-to-the-dead", "1.0", "Takes back what would be sent")
_PENDING: Final = {
    "CommunicationRequest": ("draft,active,on-hold", "revoked"),
    "Communication": ("preparation,on-hold", "stopped"),
}


async def handle(event: Event, effects: Effects) -> None:
    """Take back what has not been sent to a person who was in care here, once."""
    patient = await fetch(effects.tx, event.key)
    whose = ("patient", str(event.key))
    if patient is None or not is_dead(patient.content):
        return
    if not await find(effects.tx, "EpisodeOfCare", whose):
        return
    changes = []
    for resource_type, (pending, ended) in _PENDING.items():
        for each in await find(effects.tx, resource_type, whose, ("status", pending)):
            after = each.content | {"status": ended, "statusReason": {"text": DIED}}
            changes.append(Change(each.key, "PUT", each.version, after, effects.now))
    if changes:
        targets = [str(change.key) for change in changes]
        act = Act(targets, (patient.versioned,), instant(effects.now), activity="UPDATE")
        said = Key("Provenance", effects.id_for("no-reminder-to-the-dead"))
        said_by = provenance(POLICY, act)
        await save(effects.tx, [*changes, Change(said, "PUT", None, said_by, effects.now)])


REACTION: Final = Reaction("person_died", frozenset({"Patient"}), handle, is_dead)
