"""An aftercare clinic has taken a person over: their episode of care here is finished."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.care.automatic import Act, Policy, provenance
from shared.care.episode import finished
from shared.care.referral import is_handoff
from shared.care.subject import patient_of
from shared.feed.reaction import Reaction
from shared.fhir.references import parse_reference
from shared.server.saving import save
from shared.store.finding import Found, fetch
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject

POLICY: Final = Policy(
    "handoff-finishes-episode", "1.0", "Finishes an episode of care when its handoff is completed"
)
_RUNNING: Final = frozenset({"active", "onhold"})


async def handle(event: Event, effects: Effects) -> None:
    """Finish the episode that a completed handoff is for, once."""
    task = await fetch(effects.tx, event.key)
    if task is None or not concerns(task.content):
        return
    episode = await _episode(task, effects)
    if episode is not None and episode.content["status"] in _RUNNING:
        await _finish(episode, task, effects)


def concerns(task: JsonObject) -> bool:
    """Tell whether a Task is a handoff that was completed."""
    return task["status"] == "completed" and is_handoff(task)


async def _episode(task: Found, effects: Effects) -> Found | None:
    bases = effects.tx.bases
    link = parse_reference(task.content.get("reasonReference", {}).get("reference", ""), bases)
    if link.kind != "local" or link.type != "EpisodeOfCare":
        return None
    episode = await fetch(effects.tx, Key(link.type, link.id or ""))
    if episode is None:
        return None
    theirs = patient_of(episode.content, "patient", bases)
    return episode if theirs == patient_of(task.content, "for", bases) else None


async def _finish(episode: Found, task: Found, effects: Effects) -> None:
    at = instant(effects.now)
    said_by = provenance(
        POLICY, Act((episode.reference,), (task.versioned,), at, activity="UPDATE")
    )
    said = Key("Provenance", effects.id_for("handoff-completed"))
    await save(
        effects.tx,
        [
            Change(episode.key, "PUT", episode.version, finished(episode.content, at), effects.now),
            Change(said, "PUT", None, said_by, effects.now),
        ],
    )


REACTION: Final = Reaction("handoff_completed", frozenset({"Task"}), handle, concerns)
