"""A person did not come, came again, or was reached: what the team is asked for follows.

Whatever happened, what is decided depends only on what the record says now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.domain.no_show import reading, task
from services.progress_api.domain.no_show.policy import POLICY
from services.progress_api.domain.no_show.wanted import is_too_late, wanted
from services.progress_api.domain.once import said_once, transaction
from services.progress_api.person_history import course_of_person, history_of
from shared.care import session
from shared.care.automatic import Act
from shared.care.death import is_dead
from shared.care.subject import patient_of
from shared.feed.reaction import Reaction
from shared.fhir.writer import canonical, write
from shared.server.interactions.update import content_of
from shared.store.finding import find
from shared.store.version import Key, instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.progress_api.domain.no_show.wanted import Wanted
    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.transaction import Transaction

_ELEMENTS: Final = {
    "Communication": "subject",
    "Encounter": "subject",
    "EpisodeOfCare": "patient",
    "Task": "for",
}


async def handle(event: Event, effects: Effects) -> None:
    """Decide anew about the persons whom this version and the one before it are about."""
    tx = effects.tx
    told = [
        content_of(await tx.read_version(event.key, number))
        for number in (event.version, event.version - 1)
    ]
    for patient_id in sorted({_whose(each, tx) for each in told if each} - {""}):
        await _decide(patient_id, effects)


def _whose(told: JsonObject, tx: Transaction) -> str:
    if told["resourceType"] == "Patient":
        return str(told["id"])
    if told["resourceType"] == "Appointment":
        return session.patient_of_appointment(told, tx.bases) or ""
    return patient_of(told, _ELEMENTS[told["resourceType"]], tx.bases) or ""


async def _decide(patient_id: str, effects: Effects) -> None:
    tx = effects.tx
    course = await course_of_person(patient_id, tx)
    if course is None or course.began is None:
        return
    history = await history_of(patient_id, course, tx)
    asked = {task.task_id(each.cause): each for each in wanted(history)}
    present = await find(tx, "Task", ("patient", f"Patient/{patient_id}"), ("code", task.codes()))
    known = {each.key.id: each for each in present if task.is_ours(each.content)}
    for logical_id, each in asked.items():
        if logical_id not in known and _begins(each, effects):
            await _open(each, patient_id, effects)
    for logical_id, found in known.items():
        await _follow(found, asked.get(logical_id), effects)


def _begins(asked: Wanted, effects: Effects) -> bool:
    return asked.status != "cancelled" and not is_too_late(asked, effects.now)


async def _open(asked: Wanted, patient_id: str, effects: Effects) -> None:
    # What people have deleted does not come back.
    if await effects.tx.read(Key("Task", task.task_id(asked.cause))) is None:
        resource = task.opened(asked, patient_id, instant(effects.now))
        await _send(resource, 0, [f"Appointment/{each.id}" for each in asked.missed], effects)


async def _follow(found: Found, asked: Wanted | None, effects: Effects) -> None:
    after = task.followed(found.content, asked)
    if after is not None and canonical(after) != canonical(found.content):
        sources = [found.versioned, *([asked.done_by] if asked and asked.done_by else [])]
        await _send(after, found.number, sources, effects)


async def _send(
    resource: JsonObject, number: int, sources: Sequence[str], effects: Effects
) -> None:
    """Have a Task written where it still is as it was read; its own event decides anew else."""
    reference = f"Task/{resource['id']}"
    condition = {"ifMatch": f'W/"{number}"'} if number else {"ifNoneMatch": "*"}
    request = {"method": "PUT", "url": reference} | condition
    now = instant(effects.now)
    act = Act([reference], sources, now, "UPDATE" if number else "CREATE")
    said = said_once(POLICY, act, f"{reference}/{number}/no-show")
    body = write(transaction([{"resource": resource, "request": request}, said]))
    purpose = f"no-show/{resource['id']}/{number}"
    await effects.send("intake", "POST", "", body=body, purpose=purpose)


def concerns(content: JsonObject) -> bool:
    """Tell whether a version may change what the team is asked for."""
    is_first = content.get("meta", {}).get("versionId") == "1"
    match content["resourceType"]:
        case "Appointment":
            return session.may_change_a_week(content) or bool(reading.makes_up(content))
        case "Encounter":
            return session.may_change_a_week(content)
        case "Communication":
            return not is_first or reading.outcome_of(content) is not None
        case "Task":
            return task.is_ours(content)
        case "Patient":
            return not is_first or is_dead(content)
    return True


REACTION: Final = Reaction(
    "no_shows",
    frozenset({"Appointment", "Communication", "Encounter", "EpisodeOfCare", "Patient", "Task"}),
    handle,
    concerns=concerns,
)
