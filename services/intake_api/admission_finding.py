"""Finds the episodes of a person whose admission asks for something, and what answers it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake_api.domain import admission_asks
from services.intake_api.domain.admission_asks import Admission
from shared.care.episode import PROGRAMME, is_programme
from shared.care.programme_plan import ids_of
from shared.store.finding import fetch, find
from shared.store.version import Key

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.feed.one_person import OnePerson
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found

_OPEN: Final = (
    ("type", f"{PROGRAMME['system']}|{PROGRAMME['code']}"),
    ("status", "planned,waitlist,active,onhold"),
)


async def episodes_of(key: Key, person: OnePerson, effects: Effects) -> list[Found]:
    """Find the episode that was written; after anything else, those that wait or are in care."""
    if key.type != "EpisodeOfCare":
        return await find(effects.tx, "EpisodeOfCare", person.criterion, *_OPEN)
    found = await fetch(effects.tx, key)
    return [found] if found and is_programme(found.content) else []


async def admission_of(episode: JsonObject, person: OnePerson, effects: Effects) -> Admission:
    """Gather what decides on what an episode asks for, as of now."""
    tx, now = effects.tx, effects.now.astimezone(effects.tx.zone)
    patient = await fetch(tx, Key("Patient", person.survivor))
    named = ids_of([episode.get("managingOrganization", {})], "Organization", tx.bases)
    organization = await fetch(tx, Key("Organization", named[0])) if named else None
    related = await find(tx, "RelatedPerson", person.criterion)
    answers = await find(tx, "Consent", person.criterion)
    answers += await find(tx, "ServiceRequest", person.criterion, ("code", admission_asks.ORDERS))
    return Admission(
        episode,
        patient.content if patient else {},
        organization.content if organization else {},
        [each.content for each in related],
        [each.content for each in answers],
        now,
        tx.bases,
    )
