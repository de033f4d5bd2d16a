"""A programme began, paused or ended, or a window opened: the measures that are due are asked for.

A write and a timer are handled alike: by how the episode went so far. After the programme the
measures of aftercare go on, which are due although no episode is open any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.aftercare_finding import aftercare_of, is_wanted
from services.progress_api.asking import asked_of, asks, programmes_of
from services.progress_api.domain.measures import choosing, settling, task
from services.progress_api.domain.measures.task import Measure
from services.progress_api.domain.measures.windows import next_opening
from services.progress_api.episode_course import course_of
from services.progress_api.grounds import grounds_of
from services.progress_api.reactions import measure_answered, measure_reminded
from shared.care import correction
from shared.care.episode import is_programme
from shared.care.merge import may_merge
from shared.care.subject import patient_of
from shared.feed.deaths import has_died
from shared.feed.one_person import one_person, persons_merged
from shared.feed.reaction import Reaction
from shared.fhir.writer import write
from shared.server.interactions.update import content_of

if TYPE_CHECKING:
    from services.progress_api.domain.measures.course import Course
    from shared.feed.effects import Effects
    from shared.feed.one_person import OnePerson
    from shared.feed.reaction import DueTimer, Event
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.version import Key

_OPENS: Final = "measures_due"


async def handle(occasion: Event | DueTimer, effects: Effects) -> None:
    """Follow the episode that was written, or whose next window has opened."""
    await _follow(occasion.key, effects)
    tx = effects.tx
    episode = content_of(await tx.read(occasion.key)) or {}
    patient_id = patient_of(episode, "patient", tx.bases)
    person = await one_person(tx, patient_id) if patient_id else None
    if person is not None and len(person.ids) > 1:
        # Another one may be the one that asks now.
        for each in await programmes_of(person, tx):
            if each.key != occasion.key:
                await _follow(each.key, effects)


async def ground_written(event: Event, effects: Effects) -> None:
    """Follow the episodes of a person whose plan or condition asks for a measure, or did."""
    tx = effects.tx
    told = content_of(await tx.read_version(event.key, event.version))
    told = told or content_of(await tx.read_version(event.key, event.version - 1)) or {}
    patient_id = patient_of(told, "subject", tx.bases)
    if patient_id is not None:
        for each in await programmes_of(await one_person(tx, patient_id), tx):
            await _follow(each.key, effects)


async def person_merged(event: Event, effects: Effects) -> None:
    """Follow the episodes of the persons who were merged or parted, and what they were asked."""
    for person in await persons_merged(event, effects.tx):
        for each in await programmes_of(person, effects.tx):
            await _follow(each.key, effects)
        for each in await asked_of(person, effects.tx):
            if not _is_followed(each, effects):
                await measure_answered.settle(each.key, effects)


def _is_followed(asked: Found, effects: Effects) -> bool:
    """Tell whether a measure follows its episode: it is open, or was withdrawn for another one."""
    is_open = settling.due_of(asked.content, effects.tx.zone) is not None
    return is_open or correction.is_withdrawn(asked.content)


async def _follow(key: Key, effects: Effects) -> None:
    """Ask for the measures of all windows that have opened, and look again when the next opens."""
    tx = effects.tx
    episode = content_of(await tx.read(key))
    timer_id = f"measures/{key.id}"
    patient_id = patient_of(episode, "patient", tx.bases) if episode else None
    if episode is None or patient_id is None or not is_programme(episode):
        await effects.cancel_timer(timer_id)
        return
    person = await one_person(tx, patient_id)
    if await has_died(person, tx):
        await effects.cancel_timer(timer_id)
        return
    course, asked = await course_of(key, tx), await asked_of(person, tx)
    if await asks(key.id, person, tx):
        due = await _due(key.id, patient_id, course, person, effects)
        await _ask(due, asked, effects)
    opening = next_opening(course, tx.zone, effects.now)
    if opening is None:
        await effects.cancel_timer(timer_id)
    else:
        await effects.set_timer(timer_id, opening, _OPENS, key)
    for each in asked:
        cause = task.cause_of(each.content)
        if cause is not None and cause.episode_id == key.id and _is_followed(each, effects):
            await measure_answered.settle(each.key, effects)
            await measure_reminded.remind(each.key, effects)


async def _due(
    episode_id: str, patient_id: str, course: Course, person: OnePerson, effects: Effects
) -> list[Measure]:
    tx, now = effects.tx, effects.now
    due = choosing.due(course, await grounds_of(person, tx), tx.zone, now)
    if course.finished is None:
        return [Measure(episode_id, patient_id, *each) for each in due]
    if not await is_wanted(episode_id, person, tx):
        return []
    plan = await aftercare_of(episode_id, person, tx)
    by = plan.reference if plan else None
    return [
        Measure(episode_id, patient_id, *each, by if each[1].phase == "aftercare" else None)
        for each in due
    ]


async def _ask(due: list[Measure], asked: list[Found], effects: Effects) -> None:
    known = {cause for each in asked for cause in task.causes(each.content)}
    missing = [each for each in due if each.cause not in known]
    if missing:
        body = write(task.opening(missing))
        purpose = f"measures-due/{missing[0].episode_id}"
        await effects.send("intake", "POST", "", body=body, purpose=purpose)


def may_be_ground(content: JsonObject) -> bool:
    """Tell whether a version is a ground, or may follow one that was."""
    return choosing.is_ground(content) or content.get("meta", {}).get("versionId") != "1"


# An episode that is of the programme no longer leaves its timer, which finds nothing to do.
REACTION: Final = Reaction(
    "measures_due", frozenset({"EpisodeOfCare"}), handle, concerns=is_programme
)
GROUND: Final = Reaction(
    "measure_ground",
    frozenset({"Condition", "CarePlan"}),
    ground_written,
    concerns=may_be_ground,
)
MERGED: Final = Reaction("measures_merged", frozenset({"Patient"}), person_merged, may_merge)
TIMERS: Final = {_OPENS: handle}
