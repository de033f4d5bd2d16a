"""A plan in force and the record disagree: people are told by a DetectedIssue, and when it ends.

It is a function of what the record holds now, looked at after each write that may matter and when
a week's visits are written down.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from services.progress_api.domain.attendance.week import Week
from services.progress_api.domain.disagreement import issue
from services.progress_api.domain.disagreement.comparing import disagreements
from services.progress_api.domain.disagreement.policy import POLICY
from services.progress_api.domain.measures.choosing import is_ground
from services.progress_api.plan_known import known_of
from services.progress_api.results import Basis, keep
from shared.care.episode import is_programme
from shared.care.merge import may_merge
from shared.care.programme_plan import is_in_force, is_ours
from shared.care.subject import patient_of
from shared.feed.one_person import one_person, persons_merged
from shared.feed.reaction import DueTimer, Reaction
from shared.server.interactions.update import content_of
from shared.store.finding import find
from shared.store.version import Key, instant

if TYPE_CHECKING:
    from datetime import datetime

    from shared.feed.effects import Effects
    from shared.feed.one_person import OnePerson
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.transaction import Transaction

_CLOSES: Final = "plan_and_record"
# The Observation of a week, which follows its Encounters and Appointments.
_DELIVERED: Final = "delivered-hours"
_WEEK: Final = timedelta(days=7)


async def handle(event: Event, effects: Effects) -> None:
    """Look at the plans of those whom this version and the one before are about."""
    for person in await _persons(event, effects.tx):
        await _look(person, [f"{event.key}/_history/{event.version}"], effects)


async def _persons(event: Event, tx: Transaction) -> list[OnePerson]:
    if event.key.type == "Patient":
        return await persons_merged(event, tx)
    numbers = (event.version, event.version - 1)
    told = [content_of(await tx.read_version(event.key, each)) for each in numbers]
    whose = (
        patient_of(each, "patient" if "patient" in each else "subject", tx.bases)
        for each in told
        if each
    )
    ids = dict.fromkeys(each for each in whose if each)
    return list(dict.fromkeys([await one_person(tx, each) for each in ids]))


async def week_closed(timer: DueTimer, effects: Effects) -> None:
    """Look at the plans of a person when the visits of a week are written down."""
    await _look(await one_person(effects.tx, timer.key.id), [], effects)


async def _look(person: OnePerson, sources: list[str], effects: Effects) -> None:
    tx = effects.tx
    told = ("code", issue.codes())
    possible = [each.key for each in await find(tx, "DetectedIssue", person.criterion, told)]
    plans = await _followed(person, effects)
    timer_id = f"plan-and-record/{person.survivor}"
    week, closes = _weeks(effects)
    if plans:
        await effects.set_timer(timer_id, closes, _CLOSES, Key("Patient", person.survivor))
    elif possible:
        await effects.cancel_timer(timer_id)
    else:
        return
    at = instant(effects.now)
    issues = []
    for each in plans:
        known = await known_of(each, person, week, effects)
        found = disagreements(known)
        issues += [issue.issue(one, each.content, person.survivor, at) for one in found]
    basis = Basis(POLICY, sources or [each.versioned for each in plans])
    await keep(tx, issues, possible, basis, effects.now, manner=issue.manner(at))


async def _followed(person: OnePerson, effects: Effects) -> list[Found]:
    """Find the plans in force of somebody whose programme goes on."""
    episodes = await find(effects.tx, "EpisodeOfCare", person.criterion, ("status", "active"))
    if not any(is_programme(each.content) for each in episodes):
        return []
    plans = await find(effects.tx, "CarePlan", person.criterion, ("status", "active"))
    return [each for each in plans if is_in_force(each.content)]


def _weeks(effects: Effects) -> tuple[Week, datetime]:
    """Give the last week whose visits are written down, and the moment when the next one's are."""
    zone = effects.tx.zone
    week = Week.closing(effects.now, zone)
    if effects.now < week.closes(zone):
        return Week(week.first - _WEEK), week.closes(zone)
    return week, Week(week.first + _WEEK).closes(zone)


def concerns(content: JsonObject) -> bool:
    """Tell whether a version may begin or end a disagreement."""
    kind = content["resourceType"]
    if kind == "Patient":
        return may_merge(content)
    if kind == "CarePlan":
        return is_ours(content)
    if kind == "EpisodeOfCare":
        return is_programme(content)
    if kind == "Observation":
        codings = content.get("code", {}).get("coding", ())
        return any(each.get("code") == _DELIVERED for each in codings)
    # What is new is looked at with its plan, or when the week is written down.
    is_first = content.get("meta", {}).get("versionId") == "1"
    return not is_first or (kind == "Condition" and is_ground(content))


REACTION: Final = Reaction(
    "plan_disagrees",
    frozenset(
        {
            "CarePlan",
            "Condition",
            "EpisodeOfCare",
            "Goal",
            "MedicationRequest",
            "MedicationStatement",
            "Observation",
            "Patient",
        }
    ),
    handle,
    concerns=concerns,
)
TIMERS: Final = {_CLOSES: week_closed}
