"""A session was attended or missed: the hours of its weeks are counted again.

A week's Observations are made of all that the record holds now of one person, so the order in which
Encounters and Appointments come makes no difference, nor does a repetition. They are about the
Patient who stands for the person: those of the others are taken back until a merge is undone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.domain.attendance import observations
from services.progress_api.domain.attendance.observations import PersonsWeek
from services.progress_api.domain.attendance.policy import POLICY
from services.progress_api.domain.attendance.week import Week
from services.progress_api.episode_course import course_of
from services.progress_api.person_sessions import (
    Sessions,
    sessions_of,
    weeks_of_person,
    weeks_touched,
)
from shared.care import session
from shared.care.automatic import Act, derived_id, provenance
from shared.care.merge import may_merge
from shared.care.subject import patient_of
from shared.feed.one_person import one_person, persons_merged
from shared.feed.open_episode import has_open_episode
from shared.feed.reaction import DueTimer, Reaction
from shared.fhir.dates import moment
from shared.server.interactions.update import content_of
from shared.server.saving import save
from shared.store.finding import find
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from services.progress_api.domain.measures.course import Course
    from shared.feed.effects import Effects
    from shared.feed.one_person import OnePerson
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.transaction import Transaction

_CLOSES: Final = "week_closes"


async def handle(event: Event, effects: Effects) -> None:
    """Count the weeks that this version and the one before it touch, or those of a merge."""
    if event.key.type == "Patient":
        await _merged(event, effects)
        return
    tx = effects.tx
    weeks: dict[OnePerson, set[Week]] = {}
    for number in (event.version, event.version - 1):
        told = content_of(await tx.read_version(event.key, number))
        patient_id = _whose(told, tx) if told else None
        if told and patient_id:
            weeks.setdefault(await one_person(tx, patient_id), set()).update(
                await weeks_touched(told, tx)
            )
    for person, touched in sorted(weeks.items(), key=lambda each: each[0].survivor):
        if touched and (counting := await _of_their_care(person, touched, tx)):
            await _count(person, sorted(counting), effects)


async def _of_their_care(person: OnePerson, weeks: set[Week], tx: Transaction) -> set[Week]:
    """Give the weeks that count: of who has left, those in care and those that counted then."""
    if await has_open_episode(tx, person.survivor):
        return weeks
    episodes = await find(tx, "EpisodeOfCare", person.criterion)
    courses = [await course_of(each.key, tx) for each in episodes]
    by_key = {_hours_of(person.survivor, each): each for each in weeks} if courses else {}
    counted = {by_key[each] for each in await tx.existing(by_key)}
    return counted | {each for each in weeks if any(_was_active(c, each, tx) for c in courses)}


def _was_active(course: Course, week: Week, tx: Transaction) -> bool:
    low, high = week.span(tx.zone)
    return course.active_from(moment(low), moment(high)) is not None


def _hours_of(patient_id: str, week: Week) -> Key:
    whose = PersonsWeek(patient_id, week, is_closed=True)
    return Key("Observation", whose.id_of("delivered-hours"))


async def close_week(timer: DueTimer, effects: Effects) -> None:
    """Count a week for the last time, unless more is learnt of it."""
    week = Week.closing(timer.due, effects.tx.zone)
    await _count(await one_person(effects.tx, timer.key.id), [week], effects)


async def _merged(event: Event, effects: Effects) -> None:
    """Count anew all weeks of the persons whom a write has merged or parted."""
    tx = effects.tx
    persons = await persons_merged(event, tx)
    weeks = sorted({w for each in persons for w in await weeks_of_person(each.criterion, tx)})
    for person in persons if weeks else ():
        if await has_open_episode(tx, person.survivor):
            await _count(person, weeks, effects)
        elif not await find(tx, "EpisodeOfCare", person.criterion):
            await _write_weeks(person, weeks, Sessions(), effects)


def _whose(told: JsonObject, tx: Transaction) -> str | None:
    if told["resourceType"] == "Encounter":
        return patient_of(told, "subject", tx.bases)
    return session.patient_of_appointment(told, tx.bases)


async def _count(person: OnePerson, weeks: list[Week], effects: Effects) -> None:
    found = await sessions_of(person.criterion, weeks, effects.tx)
    await _write_weeks(person, weeks, found, effects)


async def _write_weeks(
    person: OnePerson, weeks: list[Week], found: Sessions, effects: Effects
) -> None:
    for week in weeks:
        for patient_id in person.ids:
            counted = found if patient_id == person.survivor else Sessions()
            await _write_week(patient_id, week, counted, effects)


async def _write_week(patient_id: str, week: Week, found: Sessions, effects: Effects) -> None:
    closes = week.closes(effects.tx.zone)
    whose = PersonsWeek(patient_id, week, effects.now >= closes)
    came, not_come = found.came(week), found.did_not_come(week)
    hours = observations.delivered_hours(whose, [visit for _, visit in came], effects.tx.zone)
    missed = observations.missed_sessions(whose, len(not_come))
    is_told = bool(came or not_come)
    await _write(hours, [each for each, _ in came], effects, is_told=is_told)
    await _write(missed, not_come, effects, is_told=is_told)
    if is_told and not whose.is_closed:
        timer_id = f"attendance/{patient_id}/{week.first}"
        await effects.set_timer(timer_id, closes, _CLOSES, Key("Patient", patient_id))


async def _write(
    counted: JsonObject, sources: list[Found], effects: Effects, *, is_told: bool
) -> None:
    key = Key("Observation", counted["id"])
    version = await effects.tx.read(key)
    if version is not None and version.deleted:
        return  # people have deleted it, and it does not come back
    decide = observations.next_version if is_told else observations.withdrawn
    after = decide(content_of(version), counted)
    if after is None:
        return
    # One Provenance for each count, whose versions tell how it grew: how many Encounters came
    # before it was counted makes no difference to what stands in the end.
    said = Key("Provenance", derived_id(str(key), "counted"))
    said_before = await effects.tx.read(said)
    act = Act(
        targets=[str(key)],
        sources=[*(each.versioned for each in sources), *_correction(sources, effects)],
        recorded=instant(effects.now),
        activity="UPDATE" if version else "CREATE",
    )
    changes = [
        Change(key, "PUT", version, after, effects.now),
        Change(said, "PUT", said_before, provenance(POLICY, act), effects.now),
    ]
    await save(effects.tx, changes)


def _correction(sources: list[Found], effects: Effects) -> list[str]:
    """Name the write that merged or parted, or that took away what was told last."""
    event = effects.occasion
    if isinstance(event, DueTimer) or (sources and event.key.type != "Patient"):
        return []
    return [f"{event.key}/_history/{event.version}"]


def concerns(written: JsonObject) -> bool:
    """Tell whether a version may change what a week counts, or whose it is."""
    if written["resourceType"] == "Patient":
        return may_merge(written)
    return session.may_change_a_week(written)


REACTION: Final = Reaction(
    "attendance", frozenset({"Encounter", "Appointment", "Patient"}), handle, concerns=concerns
)
TIMERS: Final = {_CLOSES: close_week}
