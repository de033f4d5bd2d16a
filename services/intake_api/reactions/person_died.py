"""A person has died: their episodes of care and the Tasks that ask for something end, once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake_api.domain import death
from shared.care.automatic import Act, provenance
from shared.care.death import DIED, ENDS_CARE, is_dead
from shared.care.merge import may_merge
from shared.care.subject import patient_of
from shared.feed.deaths import has_died
from shared.feed.one_person import one_person
from shared.feed.reaction import Reaction
from shared.server.interactions.update import content_of
from shared.server.saving import save
from shared.store.finding import fetch, find
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.feed.effects import Effects
    from shared.feed.one_person import OnePerson
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found


async def handle(event: Event, effects: Effects) -> None:
    """Say in the Patient what a stay tells, and end what is open for who has died."""
    source = await fetch(effects.tx, event.key)
    if source is None or not concerns(source.content):
        return
    patient_id = _person(source.content, effects)
    if patient_id is None:
        return
    person = await one_person(effects.tx, patient_id)
    episodes = await find(effects.tx, "EpisodeOfCare", person.criterion)
    # Who was never in care here has nothing that we may end.
    patient = await fetch(effects.tx, Key("Patient", patient_id)) if episodes else None
    if patient is None:
        return
    if event.key.type == "Encounter":
        is_news = await _is_news(event, patient, effects)
        after = death.died(patient.content, source.content, is_news=is_news)
        await _write([(patient, after)], source, effects)
    elif await has_died(person, effects.tx):
        await _end(person, episodes, source, effects)


async def _is_news(event: Event, patient: Found, effects: Effects) -> bool:
    """Tell whether a stay first tells of the death now, and the Patient was not written since.

    Many systems write into every Patient that the person has not died, long before they do.
    """
    tx = effects.tx
    told, before = [await tx.read_version(event.key, event.version - each) for each in (0, 1)]
    earlier = content_of(before)
    is_told = earlier is not None and death.ended_in_death(earlier)
    is_same = is_told and _person(earlier or {}, effects) == patient.key.id
    return told is not None and not is_same and patient.version.updated <= told.updated


async def _end(
    person: OnePerson, episodes: Sequence[Found], source: Found, effects: Effects
) -> None:
    at = instant(effects.now)
    tasks = await find(effects.tx, "Task", person.criterion)
    ended = [(each, death.ended_episode(each.content, at)) for each in episodes]
    ended += [(each, death.ended_task(each.content, at)) for each in tasks]
    await _write(ended, source, effects)


async def _write(
    decided: Sequence[tuple[Found, JsonObject | None]], source: Found, effects: Effects
) -> None:
    changes = [
        Change(each.key, "PUT", each.version, after, effects.now)
        for each, after in decided
        if after
    ]
    if not changes:
        return
    targets = [str(change.key) for change in changes]
    act = Act(targets, (source.versioned,), instant(effects.now), activity="UPDATE")
    said = provenance(ENDS_CARE, act) | {"reason": [{"text": DIED}]}
    key = Key("Provenance", effects.id_for("person-died"))
    await save(effects.tx, [*changes, Change(key, "PUT", None, said, effects.now)])


def _person(resource: JsonObject, effects: Effects) -> str | None:
    """Name whom a write is about: a Task that is opened for somebody who has died ends too."""
    if resource["resourceType"] == "Patient":
        return str(resource["id"])
    elements = {"Task": "for", "EpisodeOfCare": "patient"}
    element = elements.get(resource["resourceType"], "subject")
    return patient_of(resource, element, effects.tx.bases)


def concerns(written: JsonObject) -> bool:
    """Tell whether a write may tell of a death, or opens something for a person."""
    if written["resourceType"] == "Patient":
        return is_dead(written) or may_merge(written)
    if written["resourceType"] == "Encounter":
        return death.ended_in_death(written)
    at = "2000-01-01T00:00:00Z"
    end = death.ended_task if written["resourceType"] == "Task" else death.ended_episode
    return end(written, at) is not None


REACTION: Final = Reaction(
    "person_died", frozenset({"Patient", "Encounter", "Task", "EpisodeOfCare"}), handle, concerns
)
