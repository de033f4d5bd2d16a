"""A referral took a step, or waits too long for the next: its timer follows, and escalates once.

What had escalated a step is called off when the step is made. A write and a timer are handled
alike: by what the Task and its history say now.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from services.intake_api.domain import escalations, referral_deadline
from services.intake_api.domain.clock import is_overdue
from shared.care.automatic import Act, provenance
from shared.care.episode import is_programme
from shared.care.referral.task import is_referral
from shared.care.subject import patient_of
from shared.feed.open_episode import has_open_episode
from shared.feed.reaction import Reaction
from shared.fhir.references import searchable
from shared.server.interactions.update import content_of
from shared.server.saving import save
from shared.store.finding import fetch, find
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from services.intake_api.domain.referral_deadline import Deadline
    from shared.feed.effects import Effects
    from shared.feed.reaction import DueTimer, Event
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.version import Version

_DUE: Final = "referral_step_due"


async def handle(occasion: Event | DueTimer, effects: Effects) -> None:
    """Follow a referral, or all that led to an episode."""
    if occasion.key.type == "Task":
        await _follow(occasion.key, effects)
        return
    episode = await fetch(effects.tx, occasion.key)
    for named in episode.content.get("referralRequest", ()) if episode else ():
        referral = searchable(named, effects.tx.bases)
        for task in await find(effects.tx, "Task", ("focus", referral)) if referral else ():
            if referral_deadline.is_answered_here(task.content):
                await _follow(task.key, effects)


async def _follow(key: Key, effects: Effects) -> None:
    """Set or cancel the timer of a referral's next step, or mark it overdue and escalate it."""
    task, timer_id = await fetch(effects.tx, key), f"referral/{key.id}"
    deadline = None if task is None else await _deadline(task.content, effects)
    if task is None or deadline is None:
        await effects.cancel_timer(timer_id)
        await _settle(task, effects)
        return
    if not await _is_in_care(task.content, effects):
        # Nothing is escalated any more, but what was is not done by that.
        await effects.cancel_timer(timer_id)
        return
    reached = await _reached(task, effects)
    due = deadline.due(reached.updated, effects.tx.zone)
    if effects.now < due:
        await effects.set_timer(timer_id, due, _DUE, task.key)
        await _settle(task, effects)
        return
    await effects.cancel_timer(timer_id)
    if not is_overdue(task.content):
        escalated = await _escalation(task.content, deadline, reached.number, effects)
        await _save(task, referral_deadline.overdue(task.content), escalated, effects)


async def _deadline(task: JsonObject, effects: Effects) -> Deadline | None:
    deadline = referral_deadline.deadline_of(task)
    return None if deadline is None or await _is_decided(task, effects) else deadline


async def _is_in_care(task: JsonObject, effects: Effects) -> bool:
    patient_id = patient_of(task, "for", effects.tx.bases)
    return patient_id is not None and await has_open_episode(effects.tx, patient_id)


async def _is_decided(task: JsonObject, effects: Effects) -> bool:
    referral = searchable(task.get("focus", {}), effects.tx.bases)
    if referral is None or not referral_deadline.is_answered_here(task):
        return False
    led_to = await find(effects.tx, "EpisodeOfCare", ("incoming-referral", referral))
    return referral_deadline.is_decided(each.content for each in led_to)


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


async def _settle(task: Found | None, effects: Effects) -> None:
    """Take the mark off a referral that has gone on, and call off what had escalated it."""
    if task is None:
        return
    ids = [
        referral_deadline.escalation_id(task.key.id, number) for number in range(1, task.number + 1)
    ]
    found = (await effects.tx.read_many("Task", ids)).values()
    call_off = partial(escalations.called_off, reason="gone-on")
    changes = [_changed(each, call_off, effects) for each in found]
    called_off = [each for each in changes if each is not None]
    after = referral_deadline.on_time(task.content) if found else task.content
    if after != task.content or called_off:
        await _save(task, after, called_off, effects)


async def _escalation(
    task: JsonObject, deadline: Deadline, reached: int, effects: Effects
) -> list[Change]:
    key = Key("Task", referral_deadline.escalation_id(task["id"], reached))
    version = await effects.tx.read(key)
    if version is not None:
        ask = partial(escalations.asked_again, at=instant(effects.now))
        again = _changed(version, ask, effects)
        return [again] if again else []
    written = referral_deadline.escalation(task, deadline, instant(effects.now))
    return [Change(key, "PUT", None, written, effects.now)]


def _changed(
    version: Version, decide: Callable[[JsonObject], JsonObject | None], effects: Effects
) -> Change | None:
    before = content_of(version)
    after = None if before is None else decide(before)
    return None if after is None else Change(version.key, "PUT", version, after, effects.now)


async def _save(task: Found, after: JsonObject, others: Sequence[Change], effects: Effects) -> None:
    marked = [Change(task.key, "PUT", task.version, after, effects.now)]
    changes = [*(marked if after != task.content else ()), *others]
    targets = [str(change.key) for change in changes]
    act = Act(targets, [task.versioned], instant(effects.now), activity="UPDATE")
    said = Key("Provenance", effects.id_for(f"referral-step/{task.key.id}"))
    said_by = provenance(referral_deadline.POLICY, act)
    await save(effects.tx, [*changes, Change(said, "PUT", None, said_by, effects.now)])


def concerns(written: JsonObject) -> bool:
    """Tell whether a write is about a referral, or about an episode that answers one."""
    if written["resourceType"] == "Task":
        return is_referral(written)
    return is_programme(written) and "referralRequest" in written


REACTION: Final = Reaction("referral_step", frozenset({"Task", "EpisodeOfCare"}), handle, concerns)
TIMERS: Final = {_DUE: handle}
