"""Tells whether a person's answers are looked at: in care, and in the aftercare that follows.

Who is asked for measures must not be left alone with what they answer.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from services.progress_api.domain.measures.policy import RHYTHMS
from services.progress_api.episode_course import course_of
from shared.care.episode import is_programme
from shared.feed.deaths import has_died
from shared.feed.one_person import one_person
from shared.feed.open_episode import has_open_episode
from shared.store.finding import find

if TYPE_CHECKING:
    from datetime import datetime

    from shared.store.finding import Found
    from shared.store.transaction import Transaction

_LASTS: Final = timedelta(days=RHYTHMS["aftercare"].period_days or 0)


async def is_followed(tx: Transaction, patient_id: str, now: datetime) -> bool:
    """Tell whether a person has an open episode, or finished the programme not long ago."""
    person = await one_person(tx, patient_id)
    if await has_died(person, tx):
        return False
    if await has_open_episode(tx, patient_id):
        return True
    ended = await find(tx, "EpisodeOfCare", person.criterion, ("status", "finished"))
    return any([await is_in_aftercare(each, tx, now) for each in ended])


async def has_episode(tx: Transaction, patient_id: str) -> bool:
    """Tell whether a person is, or ever was, in care here."""
    person = await one_person(tx, patient_id)
    episodes = await find(tx, "EpisodeOfCare", person.criterion)
    return any(each.content["status"] != "entered-in-error" for each in episodes)


async def is_in_aftercare(episode: Found, tx: Transaction, now: datetime) -> bool:
    """Tell whether an episode of the programme was finished not long ago."""
    if not is_programme(episode.content):
        return False
    finished = (await course_of(episode.key, tx)).finished
    return finished is not None and now < finished.since + _LASTS
