"""Tells whether a person's goals are followed: in care, and in the aftercare that follows."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from services.plan_api.domain.achievement import AFTERCARE_DAYS
from shared.care.death import is_dead
from shared.care.episode import is_programme
from shared.feed.open_episode import has_open_episode
from shared.server.interactions.update import content_of
from shared.store.finding import fetch, find
from shared.store.version import Key

if TYPE_CHECKING:
    from datetime import datetime

    from shared.store.finding import Found
    from shared.store.transaction import Transaction

_LASTS: Final = timedelta(days=AFTERCARE_DAYS)
_MANY: Final = 1000


async def is_followed(tx: Transaction, patient_id: str, now: datetime) -> bool:
    """Tell whether a person has an open episode, or finished the programme not long ago."""
    if await has_open_episode(tx, patient_id):
        return True
    patient = await fetch(tx, Key("Patient", patient_id))
    if patient is None or is_dead(patient.content):
        return False
    ended = await find(
        tx, "EpisodeOfCare", ("patient", f"Patient/{patient_id}"), ("status", "finished")
    )
    return any([await _is_in_aftercare(each, tx, now) for each in ended])


async def _is_in_aftercare(episode: Found, tx: Transaction, now: datetime) -> bool:
    """Tell whether an episode was finished not long ago; one that came so was never followed."""
    versions = await tx.history(episode.key, before=None, limit=_MANY)
    told = [((content_of(each) or {}).get("status"), each.updated) for each in versions]
    finished = None
    for status, updated in told:
        if status != "finished":
            break
        finished = updated
    was_active = any(status == "active" for status, _ in told)
    is_recent = finished is not None and now < finished + _LASTS
    return is_programme(episode.content) and was_active and is_recent
