"""A measure is not answered and its window ends soon: the person is reminded, once.

Nobody is reminded while the programme is on hold, nor who has died.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.domain.measures import reminder, settling, task
from services.progress_api.domain.measures.policy import POLICY
from services.progress_api.episode_course import course_of
from shared.care.automatic import Act, provenance
from shared.care.subject import patient_of
from shared.feed.deaths import has_died
from shared.feed.one_person import one_person
from shared.feed.reaction import Reaction
from shared.server.saving import save
from shared.store.finding import fetch
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.feed.reaction import DueTimer, Event
    from shared.store.finding import Found
    from shared.store.transaction import Transaction

_REMINDS: Final = "measure_reminder"


async def task_written(occasion: Event | DueTimer, effects: Effects) -> None:
    """Remind of the Task that was written, or whose time has come."""
    await remind(occasion.key, effects)


async def remind(key: Key, effects: Effects) -> None:
    """Decide whether a person is reminded of a measure now, later or not."""
    tx, timer_id = effects.tx, f"reminder/{key.id}"
    found = await fetch(tx, key)
    at = reminder.remind_at(found.content, tx.zone) if found else None
    due = settling.due_of(found.content, tx.zone) if found else None
    if found is None or at is None or due is None or effects.now >= due:
        await effects.cancel_timer(timer_id)
        await _end(key, effects)
    elif effects.now < at:
        await effects.set_timer(timer_id, at, _REMINDS, key)
    elif await _is_wanted(found, effects):
        await _remind(found, effects)


async def _is_wanted(asked: Found, effects: Effects) -> bool:
    tx, cause = effects.tx, task.cause_of(asked.content)
    patient_id = patient_of(asked.content, "for", tx.bases)
    if cause is None or patient_id is None or await _has_gone(patient_id, tx):
        return False
    course = await course_of(Key("EpisodeOfCare", cause.episode_id), tx)
    return course.phase == cause.phase and course.status != "onhold"


async def _has_gone(patient_id: str, tx: Transaction) -> bool:
    """Tell whether there is nobody to remind, or nobody alive."""
    is_there = await fetch(tx, Key("Patient", patient_id)) is not None
    return not is_there or await has_died(await one_person(tx, patient_id), tx)


async def _remind(asked: Found, effects: Effects) -> None:
    key = Key("CommunicationRequest", reminder.reminder_id(asked.key.id))
    due = settling.due_of(asked.content, effects.tx.zone)
    if due is None or await effects.tx.read(key) is not None:
        return
    patient_id = patient_of(asked.content, "for", effects.tx.bases) or ""
    person = await one_person(effects.tx, patient_id)
    told = reminder.reminder(asked.content, f"Patient/{person.survivor}", effects.now, due)
    act = Act([str(key)], [asked.versioned], instant(effects.now))
    said = Key("Provenance", effects.id_for(f"reminder/{asked.key.id}"))
    changes = [
        Change(key, "PUT", None, told, effects.now),
        Change(said, "PUT", None, provenance(POLICY, act), effects.now),
    ]
    await save(effects.tx, changes)


async def _end(asked: Key, effects: Effects) -> None:
    """End the reminder of a measure that is answered, missed or not needed."""
    found = await fetch(effects.tx, Key("CommunicationRequest", reminder.reminder_id(asked.id)))
    after = reminder.ended(found.content) if found else None
    if found is not None and after is not None:
        act = Act([found.reference], [str(asked)], instant(effects.now), "UPDATE")
        said = Key("Provenance", effects.id_for(f"reminder-ended/{asked.id}"))
        changes = [
            Change(found.key, "PUT", found.version, after, effects.now),
            Change(said, "PUT", None, provenance(POLICY, act), effects.now),
        ]
        await save(effects.tx, changes)


REACTION: Final = Reaction(
    "measure_reminded", frozenset({"Task"}), task_written, concerns=task.is_measure
)
TIMERS: Final = {_REMINDS: task_written}
