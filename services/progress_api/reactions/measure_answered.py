"""A measure was asked for or answered, or its window has passed: its Task is settled by intake.

Whatever happened, what is decided depends only on what the record says now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.domain.measures import settling, task
from services.progress_api.domain.measures.settling import Place
from services.progress_api.episode_course import course_of
from shared.care.subject import patient_of
from shared.feed.reaction import Reaction
from shared.fhir.writer import write
from shared.store.finding import fetch, find
from shared.store.version import Key, instant

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.feed.reaction import DueTimer, Event
    from shared.store.finding import Found
    from shared.store.transaction import Transaction

_DUE: Final = "measure_due"


async def task_written(occasion: Event | DueTimer, effects: Effects) -> None:
    """Settle the Task that was written, or whose window has passed."""
    await settle(occasion.key, effects)


async def response_written(event: Event, effects: Effects) -> None:
    """Settle the measures that a response answers."""
    tx = effects.tx
    response = await fetch(tx, event.key)
    patient_id = patient_of(response.content, "subject", tx.bases) if response else None
    if response is None or patient_id is None:
        return
    place, received = Place(tx.zone, tx.bases), response.version.updated
    for each in await asked_of(patient_id, tx):
        if settling.answers(response.content, received, each.content, place):
            await settle(each.key, effects)


async def asked_of(patient_id: str, tx: Transaction) -> list[Found]:
    """Find the Tasks that have asked a person for measures."""
    code = f"{task.CODE['system']}|{task.CODE['code']}"
    return await find(tx, "Task", ("patient", f"Patient/{patient_id}"), ("code", code))


async def settle(key: Key, effects: Effects) -> None:
    """Decide what becomes of a measure now, and have it done or look again later."""
    tx, timer_id = effects.tx, f"measure/{key.id}"
    found = await fetch(tx, key)
    due = settling.due_of(found.content, tx.zone) if found else None
    cause = task.cause_of(found.content) if found else None
    if found is None or due is None or cause is None:
        await effects.cancel_timer(timer_id)
        return
    course = await course_of(Key("EpisodeOfCare", cause.episode_id), tx)
    answer = await _answer(found, tx)
    step = settling.next_step(
        found.content, due, course, is_answered=answer is not None, now=effects.now
    )
    look = settling.next_look(due, effects.now)
    if look > effects.now:
        await effects.set_timer(timer_id, look, _DUE, key)
    if step == "wait":
        return
    sources = [] if answer is None else [answer.versioned]
    after = settling.settled(found.content, step, answer.reference if answer else None)
    body = write(task.settling(found.content, after, sources, instant(effects.now)))
    await effects.send("intake", "POST", "", body=body, purpose=f"measure/{key.id}/{found.number}")


async def _answer(asked: Found, tx: Transaction) -> Found | None:
    """Find the first response that was given in the window of a measure."""
    patient_id = patient_of(asked.content, "for", tx.bases)
    place = Place(tx.zone, tx.bases)
    given = [
        each
        for each in await find(tx, "QuestionnaireResponse", ("patient", f"Patient/{patient_id}"))
        if settling.answers(each.content, each.version.updated, asked.content, place)
    ]
    return min(given, key=lambda each: (each.content.get("authored", ""), each.key), default=None)


REACTIONS: Final = (
    # A Task that is a measure no longer leaves its timer, which finds nothing to do.
    Reaction("measure_asked", frozenset({"Task"}), task_written, concerns=task.is_measure),
    Reaction(
        "measure_answered",
        frozenset({"QuestionnaireResponse"}),
        response_written,
        concerns=settling.is_given,
    ),
)
TIMERS: Final = {_DUE: task_written}
