"""A referral took a step, or waits too long for the next: its timer follows, and escalates once.

A write and a timer are handled alike: by what the Task and its history say now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake_api.domain import referral_deadline
from services.intake_api.domain.clock import is_overdue
from shared.care.automatic import Act, provenance
from shared.care.subject import patient_of
from shared.feed.open_episode import has_open_episode
from shared.feed.reaction import Reaction
from shared.server.interactions.update import content_of
from shared.server.saving import save
from shared.store.finding import fetch
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from services.intake_api.domain.referral_deadline import Deadline
    from shared.feed.effects import Effects
    from shared.feed.reaction import DueTimer, Event
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.version import Version

_DUE: Final = "referral_step_due"


async def handle(occasion: Event | DueTimer, effects: Effects) -> None:
    """Set or cancel the timer of a referral's next step, or mark it overdue and escalate it."""
    task, timer_id = await fetch(effects.tx, occasion.key), f"referral/{occasion.key.id}"
    deadline = None if task is None else await _deadline(task.content, effects)
    if task is None or deadline is None:
        await effects.cancel_timer(timer_id)
        return
    reached = await _reached(task, effects)
    due = deadline.due(reached.updated, effects.tx.zone)
    if effects.now < due:
        await effects.set_timer(timer_id, due, _DUE, task.key)
        await _mark_on_time(task, effects)
        return
    await effects.cancel_timer(timer_id)
    if not is_overdue(task.content):
        escalated = await _escalation(task.content, deadline, reached.number, effects)
        await _save(task, referral_deadline.overdue(task.content), escalated, effects)


async def _deadline(task: JsonObject, effects: Effects) -> Deadline | None:
    deadline = referral_deadline.deadline_of(task)
    patient_id = patient_of(task, "for", effects.tx.bases)
    if deadline is None or patient_id is None:
        return None
    return deadline if await has_open_episode(effects.tx, patient_id) else None


async def _reached(task: Found, effects: Effects) -> Version:
    """Find the version by which a referral came to stand where it does."""
    after, first = task.content, task.version
    for number in range(task.number - 1, 0, -1):
        before = await effects.tx.read_version(task.key, number)
        content = content_of(before)
        if before is None or content is None or referral_deadline.is_step(content, after):
            break
        after, first = content, before
    return first


async def _mark_on_time(task: Found, effects: Effects) -> None:
    after = referral_deadline.on_time(task.content)
    if after != task.content:
        await _save(task, after, [], effects)


async def _escalation(
    task: JsonObject, deadline: Deadline, reached: int, effects: Effects
) -> list[Change]:
    key = Key("Task", referral_deadline.escalation_id(task["id"], reached))
    if await effects.tx.read(key) is not None:
        return []
    written = referral_deadline.escalation(task, deadline, instant(effects.now))
    return [Change(key, "PUT", None, written, effects.now)]


async def _save(task: Found, after: JsonObject, others: list[Change], effects: Effects) -> None:
    changes = [Change(task.key, "PUT", task.version, after, effects.now), *others]
    targets = [str(change.key) for change in changes]
    act = Act(targets, [task.versioned], instant(effects.now), activity="UPDATE")
    said = Key("Provenance", effects.id_for("referral-step"))
    said_by = provenance(referral_deadline.POLICY, act)
    await save(effects.tx, [*changes, Change(said, "PUT", None, said_by, effects.now)])


REACTION: Final = Reaction(
    "referral_step", frozenset({"Task"}), handle, concerns=referral_deadline.is_watched
)
TIMERS: Final = {_DUE: handle}
