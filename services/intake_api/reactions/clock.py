"""A Task was written or fell due: its timer follows it, and what is late is marked.

A clock is escalated then, once, and so is what cannot wait, such as a suicide screen. The
escalation ends with what it escalates, and comes back with it.

A write and a timer are handled alike: by what the Task says now.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from services.intake_api.domain import clock, escalations
from services.intake_api.domain.follow_up.visits import is_after_handoff
from shared.care.automatic import Act, provenance
from shared.care.subject import patient_of
from shared.feed.open_episode import has_open_episode
from shared.feed.reaction import Reaction
from shared.server.interactions.update import content_of
from shared.server.saving import save
from shared.store.finding import fetch
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from shared.feed.effects import Effects
    from shared.feed.reaction import DueTimer, Event
    from shared.fhir.reader import JsonObject
    from shared.store.version import Version

_DUE: Final = "clock_due"


async def handle(occasion: Event | DueTimer, effects: Effects) -> None:
    """Set, move or cancel the timer of a clock, or mark the clock overdue."""
    version = await effects.tx.read(occasion.key)
    task = content_of(version) or {}
    due = await _due(task, effects)
    timer_id = f"clock/{occasion.key.id}"
    if version is None or due is None:
        await effects.cancel_timer(timer_id)
        reason = escalations.why_needless(task)
        if version is not None and reason is not None:
            await _follow(version, partial(escalations.called_off, reason=reason), effects)
        return
    created = await _created(version, effects)
    step = clock.next_step(task, due, created=created, now=effects.now)
    if step == "wait":
        await effects.set_timer(timer_id, due, _DUE, occasion.key)
        return
    await effects.cancel_timer(timer_id)
    if step == "leave":
        await _follow(version, _asked_again(effects), effects)
        return
    escalated = await _escalation(task, effects) if step == "escalate" else []
    marked = Change(version.key, "PUT", version, clock.overdue(task), effects.now)
    await _save(version, [marked, *escalated], effects)


async def _due(task: JsonObject, effects: Effects) -> datetime | None:
    due = clock.due_of(task, effects.tx.zone)
    if due is None or clock.is_of_nobody(task):
        return due
    patient_id = patient_of(task, "for", effects.tx.bases)
    if patient_id is None:
        return None
    # A handoff may be closed, and the episode with it, although nobody has seen the person yet.
    is_followed = is_after_handoff(task) or await has_open_episode(effects.tx, patient_id)
    return due if is_followed else None


async def _created(version: Version, effects: Effects) -> datetime:
    first = await effects.tx.read_version(version.key, 1)
    return (first or version).updated


async def _escalation(task: JsonObject, effects: Effects) -> list[Change]:
    """Escalate a clock by its one Task, which is asked for again where we had called it off."""
    key = Key("Task", clock.escalation_id(task["id"]))
    if await effects.tx.read(key) is None:
        escalation = clock.escalation(task, instant(effects.now))
        return [Change(key, "PUT", None, escalation, effects.now)]
    return await _changed(key, _asked_again(effects), effects)


def _asked_again(effects: Effects) -> Callable[[JsonObject], JsonObject | None]:
    return partial(escalations.asked_again, at=instant(effects.now))


async def _follow(
    version: Version, decide: Callable[[JsonObject], JsonObject | None], effects: Effects
) -> None:
    """Let the escalation of a Task follow what became of that."""
    key = Key("Task", clock.escalation_id(version.key.id))
    changes = await _changed(key, decide, effects)
    if changes:
        await _save(version, changes, effects)


async def _changed(
    key: Key, decide: Callable[[JsonObject], JsonObject | None], effects: Effects
) -> list[Change]:
    escalation = await fetch(effects.tx, key)
    after = None if escalation is None else decide(escalation.content)
    if escalation is None or after is None:
        return []
    return [Change(key, "PUT", escalation.version, after, effects.now)]


async def _save(version: Version, changes: list[Change], effects: Effects) -> None:
    act = Act(
        targets=[str(change.key) for change in changes],
        sources=[f"{version.key}/_history/{version.number}"],
        recorded=instant(effects.now),
        activity="UPDATE",
    )
    said = Key("Provenance", effects.id_for("provenance"))
    said_by = provenance(clock.POLICY, act)
    await save(effects.tx, [*changes, Change(said, "PUT", None, said_by, effects.now)])


# A Task that is a clock no longer leaves its timer, which finds nothing to do when it fires.
REACTION: Final = Reaction("clock", frozenset({"Task"}), handle, concerns=clock.is_timed)
TIMERS: Final = {_DUE: handle}
