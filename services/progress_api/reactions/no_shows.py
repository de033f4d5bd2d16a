"""A person did not come, came again, or was reached: what the team is asked for follows.

Whatever happened, what is decided depends only on what the record says now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.domain.no_show import reading, task
from services.progress_api.domain.no_show.history import End, History
from services.progress_api.domain.no_show.policy import LOOK_BACK, POLICY
from services.progress_api.domain.no_show.wanted import is_too_late, wanted
from services.progress_api.domain.once import said_once, transaction
from services.progress_api.episode_course import course_of
from shared.care import session
from shared.care.automatic import Act
from shared.care.death import is_dead
from shared.care.episode import is_programme
from shared.care.subject import patient_of
from shared.feed.reaction import Reaction
from shared.fhir.dates import date_range, moment
from shared.fhir.writer import canonical, write
from shared.server.interactions.update import content_of
from shared.store.finding import fetch, find
from shared.store.version import Key, instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.progress_api.domain.measures.course import Course
    from services.progress_api.domain.no_show.history import Session
    from services.progress_api.domain.no_show.wanted import Wanted
    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.transaction import Transaction

_OUTPATIENT: Final = (("class", "AMB,VR"), ("status", "finished"))
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
    course = await _course(patient_id, tx)
    if course is None or course.began is None:
        return
    history = await _history(patient_id, course, effects)
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


async def _course(patient_id: str, tx: Transaction) -> Course | None:
    """Give the course of the latest episode in which the person was in care."""
    episodes = await find(tx, "EpisodeOfCare", ("patient", f"Patient/{patient_id}"))
    ours = [each for each in episodes if is_programme(each.content)] or episodes
    courses = [await course_of(each.key, tx) for each in ours]
    begun = [(each.began.since, n, each) for n, each in enumerate(courses) if each.began]
    return max(begun)[2] if begun else None


async def _history(patient_id: str, course: Course, effects: Effects) -> History:
    tx, zone = effects.tx, effects.tx.zone
    whose = ("patient", f"Patient/{patient_id}")
    recent = ("date", f"ge{instant(effects.now - LOOK_BACK)}")
    appointments = [each.content for each in await find(tx, "Appointment", whose, recent)]
    visits = await find(tx, "Encounter", whose, recent, *_OUTPATIENT)
    came = {a for each in visits for a in session.appointments_of(each.content, tx.bases)}
    sessions = [reading.session_of(each, came, tx.bases, zone) for each in appointments]
    booked = [reading.booked_of(each, tx.bases, zone) for each in appointments]
    told = [each.content for each in await find(tx, "Communication", whose)]
    attempts = [reading.attempt_of(each, zone) for each in told]
    death = await _death(patient_id, tx)
    return History(
        sessions=_held(sessions, course, death),
        attempts=tuple(sorted(each for each in attempts if each)),
        breaks=tuple(sorted([*reading.breaks(course), *death])),
        booked=tuple(sorted(each for each in booked if each)),
        zone=zone,
    )


def _held(
    sessions: Sequence[Session | None], course: Course, death: Sequence[End]
) -> tuple[Session, ...]:
    known = [each for each in sessions if each and all(each.start < end.at for end in death)]
    return tuple(sorted(each for each in known if reading.is_in_care(each.start, course)))


async def _death(patient_id: str, tx: Transaction) -> list[End]:
    patient = await fetch(tx, Key("Patient", patient_id))
    if patient is None or not is_dead(patient.content):
        return []
    told = patient.content.get("deceasedDateTime")
    at = moment(date_range(told, tx.zone)[1]) if told else patient.version.updated
    return [End(at, "died")]


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
