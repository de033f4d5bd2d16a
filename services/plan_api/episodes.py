"""Finds a person's episode in the intensive outpatient programme."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.care.canonical import code_system
from shared.store.finding import find

if TYPE_CHECKING:
    from shared.feed.one_person import OnePerson
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.reading import Reading

PROGRAMME: Final = f"{code_system('programme')}|iop"


def programme_of(episode: Found | None) -> str:
    """Name whose programme an episode is in; the only one there is where there is no episode."""
    return programme_in(episode.content if episode else {})


def programme_in(episode: JsonObject) -> str:
    """Name whose programme an episode says that it is in: an Organization's, or the only one."""
    return str(episode.get("managingOrganization", {}).get("reference", "iop"))


async def programme_episode(reading: Reading, person: OnePerson, statuses: str) -> Found | None:
    """Find a person's episode in the programme that has one of some statuses, the newest."""
    asked = (("type", PROGRAMME), ("status", statuses))
    found = await find(reading, "EpisodeOfCare", person.criterion, *asked)
    return max(found, key=lambda each: each.version.updated, default=None)
