"""A measure was asked for or answered, or its window has passed: its Task is settled by intake.

Whatever happened, what is decided depends only on what the record says now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.asking import asked_of, asks, is_called_for
from services.progress_api.domain.measures import settling, task
from services.progress_api.domain.measures.settling import Place
from services.progress_api.episode_course import course_of
from shared.care.subject import patient_of
from shared.feed.one_person import one_person
from shared.feed.reaction import DueTimer, Reaction
from shared.fhir.writer import write
from shared.server.interactions.update import content_of, same
from shared.store.finding import fetch, find
from shared.store.version import Key, instant

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.feed.one_person import OnePerson
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.transaction import Transaction

_DUE: Final = "measure_due"


async def task_written(occasion: Event | DueTimer, effects: Effects) -> None:
    """Settle the Task that was written, or whose window has passed."""
    await settle(occasion.key, effects)


async def response_written(event: Event, effects: Effects) -> None:
    """Settle the measures that a response answers, or has answered."""
    tx = effects.tx
    told = [
        content_of(await tx.read_version(event.key, number))
        for number in (event.version, event.version - 1)
    ]
    whose = {patient_of(each, "subject", tx.bases) for each in told if each}
    persons = {await one_person(tx, each): None for each in sorted(filter(None, whose))}
    response = await fetch(tx, event.key)
    for person in persons:
        for each in await asked_of(person, tx):
            if _concerns(each, event.key, response, _place(person, tx)):
                await settle(each.key, effects)


def _concerns(asked: Found, answer: Key, response: Found | None, place: Place) -> bool:
    if settling.answered_by(asked.content) == str(answer):
        return True
    return response is not None and settling.answers(
        response.content, response.version.updated, asked.content, place
    )


async def settle(key: Key, effects: Effects) -> None:
    """Decide what becomes of a measure now, and have it done or look again later."""
    tx, timer_id = effects.tx, f"measure/{key.id}"
    found = await fetch(tx, key)
    cause = task.cause_of(found.content) if found else None
    patient_id = patient_of(found.content, "for", tx.bases) if found else None
    if found is None or cause is None or patient_id is None:
        await effects.cancel_timer(timer_id)
        return
    person = await one_person(tx, patient_id)
    answer = await _answer(found, person, tx)
    is_asked = await asks(cause.episode_id, person, tx)
    # What was answered was not asked in vain, whatever has become of its ground.
    is_asked = is_asked and (answer is not None or await is_called_for(cause, person, tx))
    current = settling.as_asked(found.content, is_answered=answer is not None, is_asked=is_asked)
    due = settling.due_of(current, tx.zone)
    if due is None or (answer is None and await _is_unknown(found, tx)):
        await effects.cancel_timer(timer_id)
        return
    course = await course_of(Key("EpisodeOfCare", cause.episode_id), tx)
    step = settling.next_step(current, due, course, is_answered=answer is not None, now=effects.now)
    look = settling.next_look(due, effects.now)
    if look > effects.now:
        await effects.set_timer(timer_id, look, _DUE, key)
    after = settling.settled(current, step, answer.reference if answer else None)
    if not is_asked:
        after = settling.withdrawn(current)
    sources = [] if answer is None else [answer.versioned]
    await _have_written(found, after, sources, effects)


async def _is_unknown(asked: Found, tx: Transaction) -> bool:
    """Tell whether the answer that completed a measure has yet to come into the record."""
    _, _, answer_id = (settling.answered_by(asked.content) or "").partition("/")
    return bool(answer_id) and await tx.read(Key("QuestionnaireResponse", answer_id)) is None


async def _have_written(
    found: Found, after: JsonObject, sources: list[str], effects: Effects
) -> None:
    if same(found.content, after):
        return
    event = effects.occasion
    if not isinstance(event, DueTimer) and event.key.type != "Task":
        sources = list(dict.fromkeys([*sources, f"{event.key}/_history/{event.version}"]))
    body = write(task.settling(found.content, after, sources, instant(effects.now)))
    purpose = f"measure/{found.key.id}/{found.number}"
    await effects.send("intake", "POST", "", body=body, purpose=purpose)


async def _answer(asked: Found, person: OnePerson, tx: Transaction) -> Found | None:
    """Find the first response that was given in the window of a measure."""
    given = [
        each
        for each in await find(tx, "QuestionnaireResponse", person.criterion)
        if settling.answers(each.content, each.version.updated, asked.content, _place(person, tx))
    ]
    return min(given, key=lambda each: (each.content.get("authored", ""), each.key), default=None)


def _place(person: OnePerson, tx: Transaction) -> Place:
    return Place(tx.zone, tx.bases, frozenset(person.ids))


def concerns(response: JsonObject) -> bool:
    """Tell whether a response may answer a measure, or has answered one."""
    return settling.is_given(response) or response["meta"]["versionId"] != "1"


REACTIONS: Final = (
    # A Task that is a measure no longer leaves its timer, which finds nothing to do.
    Reaction("measure_asked", frozenset({"Task"}), task_written, concerns=task.is_measure),
    Reaction(
        "measure_answered",
        frozenset({"QuestionnaireResponse"}),
        response_written,
        concerns=concerns,
    ),
)
TIMERS: Final = {_DUE: task_written}
