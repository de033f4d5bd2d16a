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
from shared.feed.one_person import one_person, persons_merged
from shared.feed.reaction import DueTimer, Reaction
from shared.fhir.writer import canonical, write
from shared.server.interactions.update import content_of
from shared.store.finding import fetch, find
from shared.store.version import Key, instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from services.progress_api.domain.no_show.wanted import Wanted
    from shared.feed.effects import Effects
    from shared.feed.one_person import OnePerson
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
    merged = await persons_merged(event, tx) if event.key.type == "Patient" else []
    asked: dict[str, tuple[Wanted, str]] = {}
    known: dict[str, Found] = {}
    for person in merged or await _persons(event, tx):
        found = await _wanted(person, tx)
        # Who was parted from somebody in care is asked for nothing any more.
        if found is not None or merged:
            asked |= {task.task_id(each.cause): (each, person.survivor) for each in found or ()}
            known |= await _present(person, tx)
    known |= await _about_others(asked.keys() - known.keys(), tx)
    for logical_id, (each, patient_id) in asked.items():
        if logical_id not in known and _begins(each, effects):
            await _open(each, patient_id, effects)
    for logical_id, present in known.items():
        await _follow(present, asked.get(logical_id), effects)


async def _persons(event: Event, tx: Transaction) -> list[OnePerson]:
    told = [
        content_of(await tx.read_version(event.key, number))
        for number in (event.version, event.version - 1)
    ]
    whose = sorted({_whose(each, tx) for each in told if each} - {""})
    return list(dict.fromkeys([await one_person(tx, each) for each in whose]))


def _whose(told: JsonObject, tx: Transaction) -> str:
    if told["resourceType"] == "Patient":
        return str(told["id"])
    if told["resourceType"] == "Appointment":
        return session.patient_of_appointment(told, tx.bases) or ""
    return patient_of(told, _ELEMENTS[told["resourceType"]], tx.bases) or ""


async def _wanted(person: OnePerson, tx: Transaction) -> list[Wanted] | None:
    """Decide what is to be asked for; None of whoever was never in care."""
    course = await course_of_person(person, tx)
    if course is None or course.began is None:
        return None
    return wanted(await history_of(person, course, tx))


async def _present(person: OnePerson, tx: Transaction) -> dict[str, Found]:
    found = await find(tx, "Task", person.criterion, ("code", task.codes()))
    return {each.key.id: each for each in found if task.is_ours(each.content)}


async def _about_others(ids: Iterable[str], tx: Transaction) -> dict[str, Found]:
    """Find the Tasks that were asked for while the session was another person's."""
    found = [await fetch(tx, Key("Task", each)) for each in sorted(ids)]
    return {each.key.id: each for each in found if each and task.is_ours(each.content)}


def _begins(asked: Wanted, effects: Effects) -> bool:
    return asked.status != "cancelled" and not is_too_late(asked, effects.now)


async def _open(asked: Wanted, patient_id: str, effects: Effects) -> None:
    # What people have deleted does not come back.
    if await effects.tx.read(Key("Task", task.task_id(asked.cause))) is None:
        resource = task.opened(asked, patient_id, instant(effects.now))
        await _send(resource, 0, [f"Appointment/{each.id}" for each in asked.missed], effects)


async def _follow(found: Found, wanted_of: tuple[Wanted, str] | None, effects: Effects) -> None:
    asked, patient_id = wanted_of or (None, None)
    after = task.followed(found.content, asked) or found.content
    if patient_id is not None:
        after = task.about(after, patient_id)
    if canonical(after) != canonical(found.content):
        sources = [found.versioned, *([asked.done_by] if asked and asked.done_by else [])]
        await _send(after, found.number, [*sources, *_merge(effects)], effects)


def _merge(effects: Effects) -> list[str]:
    """Name the write of a Patient that is followed, if it is one."""
    event = effects.occasion
    if isinstance(event, DueTimer) or event.key.type != "Patient":
        return []
    return [f"{event.key}/_history/{event.version}"]


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


_EVIDENCE: Final = frozenset({"Appointment", "Communication", "Encounter", "EpisodeOfCare", "Task"})
REACTION: Final = Reaction(
    "no_shows",
    _EVIDENCE | {"Patient"},
    handle,
    concerns=concerns,
    by_person=_EVIDENCE,
)
