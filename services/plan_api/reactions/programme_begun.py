"""Somebody is in the programme now whose plan came into force before: what it orders begins.

Which of the two is told first makes no difference. Where it turns out to be another programme than
was told, they meet with those of that one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.episodes import programme_in
from services.plan_api.membership import leave_all_but
from services.plan_api.reactions import (
    cohort_followed,
    homework_followed,
    periodic_review,
    plan_followed,
)
from shared.care.episode import is_in_programme
from shared.care.programme_plan import is_in_force
from shared.care.subject import patient_of
from shared.feed.one_person import one_person
from shared.feed.reaction import Reaction
from shared.server.interactions.update import content_of
from shared.store.finding import fetch, find

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.feed.one_person import OnePerson
    from shared.feed.reaction import Event


async def handle(event: Event, effects: Effects) -> None:
    """Let all that follows a plan follow it as if it came into force now."""
    before = content_of(await effects.tx.read_version(event.key, event.version - 1))
    episode = await fetch(effects.tx, event.key)
    if episode is None or not is_in_programme(episode.content):
        return
    patient_id = patient_of(episode.content, "patient", effects.tx.bases)
    if patient_id is None:
        return
    person = await one_person(effects.tx, patient_id)
    if before is not None and is_in_programme(before):
        if programme_in(before) == programme_in(episode.content):
            return
        await leave_all_but(programme_in(episode.content), person, episode.versioned, effects)
    await begin(person, effects)


async def begin(person: OnePerson, effects: Effects) -> None:
    """Let the plans in force of somebody who is in the programme be followed as they stand."""
    for plan in await find(effects.tx, "CarePlan", person.criterion, ("status", "active")):
        if is_in_force(plan.content):
            await cohort_followed.follow(plan, effects)
            await homework_followed.follow(plan, effects)
            await periodic_review.follow(plan, effects)
            await plan_followed.follow(plan.content, effects)


REACTION: Final = Reaction("programme_begun", frozenset({"EpisodeOfCare"}), handle, is_in_programme)
