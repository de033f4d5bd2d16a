"""Tells whether a person's goals are followed: in care, and in the aftercare that follows."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from services.plan_api.domain.achievement import AFTERCARE_DAYS
from shared.care.episode import is_programme
from shared.feed.deaths import has_died
from shared.feed.one_person import one_person
from shared.feed.open_episode import has_open_episode
from shared.server.interactions.update import content_of
from shared.store.finding import find

if TYPE_CHECKING:
    from datetime import datetime

    from shared.store.finding import Found
    from shared.store.transaction import Transaction
    from shared.store.version import Key

_LASTS: Final = timedelta(days=AFTERCARE_DAYS)
_MANY: Final = 1000


async def is_followed(tx: Transaction, patient_id: str, now: datetime) -> bool:
    """Tell whether a person has an open episode, or finished the programme not long ago."""
    if await has_open_episode(tx, patient_id):
        return True
    person = await one_person(tx, patient_id)
    if await has_died(person, tx):
        return False
    ended = await find(tx, "EpisodeOfCare", person.criterion, ("status", "finished"))
    return any([await _is_in_aftercare(each, tx, now) for each in ended])


async def finished_since(key: Key, tx: Transaction) -> datetime | None:
    """Tell since when an episode is finished; one that came so was never followed."""
    versions = await tx.history(key, before=None, limit=_MANY)
    told = [((content_of(each) or {}).get("status"), each.updated) for each in versions]
    finished = None
    for status, updated in told:
        if status != "finished":
            break
        finished = updated
    was_active = any(status == "active" for status, _ in told)
    return finished if was_active else None


async def _is_in_aftercare(episode: Found, tx: Transaction, now: datetime) -> bool:
    """Tell whether an episode was finished not long ago."""
    finished = await finished_since(episode.key, tx)
    is_recent = finished is not None and now < finished + _LASTS
    return is_programme(episode.content) and is_recent
