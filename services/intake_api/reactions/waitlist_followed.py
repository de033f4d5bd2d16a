"""Somebody waits for a place or does no more, or there is more room: the first is proposed, once.

Nobody is admitted by it: a person decides on each Task.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake_api.domain import place_tasks
from services.intake_api.domain.waitlist import POLICY, Waiting
from services.intake_api.waiting_list import open_tasks, waiting_list
from shared.care.automatic import Act, provenance
from shared.care.capacity import capacity_of
from shared.care.episode import is_programme
from shared.care.places import SERVICES, TAKEN, limits, places_left
from shared.care.subject import patient_of
from shared.feed.reaction import Reaction
from shared.server.saving import save
from shared.store.finding import fetch, find
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.intake_api.domain.waitlist import Place
    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found


async def handle(event: Event, effects: Effects) -> None:
    """Keep the Task of who waits, and propose whom a free place is for."""
    written = await fetch(effects.tx, event.key)
    changes = []
    if written is not None and event.key.type == "EpisodeOfCare":
        changes = await _of_episode(written.content, effects)
    if changes:
        await _save(changes, event, "waitlist", effects)
    offers = await _offers(effects)
    if offers:
        await _save(offers, event, "place-free", effects)


async def _of_episode(episode: JsonObject, effects: Effects) -> list[Change]:
    if episode["status"] == "waitlist":
        return await _once([place_tasks.waits(Waiting(episode), instant(effects.now))], effects)
    codes = ",".join(f"{place_tasks.SYSTEM}|{each}" for each in _CODES)
    asked = ("code", codes), ("status", ",".join(place_tasks.OPEN))
    tasks = await find(effects.tx, "Task", ("focus", f"EpisodeOfCare/{episode['id']}"), *asked)
    return [_ended(each, episode, effects) for each in tasks]


def _ended(task: Found, episode: JsonObject, effects: Effects) -> Change:
    after = place_tasks.ended(task.content, episode, instant(effects.now))
    return Change(task.key, "PUT", task.version, after, effects.now)


async def _offers(effects: Effects) -> list[Change]:
    """Propose the first of those who wait for as many places as are free."""
    tx = effects.tx
    found = [each.content for each in await find(tx, SERVICES.type, *SERVICES.criteria)]
    services = [each for each in found if capacity_of(each) is not None]
    if not services or not (
        waiting := await waiting_list(tx, effects.now.astimezone(tx.zone), tx.bases)
    ):
        return []
    await tx.hold_conditions([repr(TAKEN)])
    taken = [each.content for each in await find(tx, TAKEN.type, *TAKEN.criteria)]
    open_offers = await open_tasks(tx, place_tasks.OFFER)
    asked = [each for each in waiting if each.waiting.reference in open_offers]
    taken += [_as_taken(each) for each in asked]
    return await _first(waiting, services, taken, effects)


async def _first(
    waiting: Sequence[Place],
    services: Sequence[JsonObject],
    taken: list[JsonObject],
    effects: Effects,
) -> list[Change]:
    offers: list[Change] = []
    bases = effects.tx.bases
    for place in waiting:
        episode = place.waiting.episode
        limiting = [each for each in services if limits(each, episode, bases)]
        if not all(places_left(each, taken, bases) > 0 for each in limiting):
            continue
        # Whose proposal was refused is passed over until they wait anew.
        made = await _once([place_tasks.offer(place, instant(effects.now))], effects)
        taken = [*taken, _as_taken(place)] if made else taken
        offers += made
    return offers


def _as_taken(place: Place) -> JsonObject:
    return place.waiting.episode | {"status": "active"}


async def _once(tasks: Sequence[JsonObject], effects: Effects) -> list[Change]:
    keys = {Key("Task", each["id"]): each for each in tasks}
    return [
        Change(key, "PUT", None, task, effects.now)
        for key, task in keys.items()
        if patient_of(task, "for", effects.tx.bases) and await effects.tx.read(key) is None
    ]


async def _save(changes: Sequence[Change], event: Event, purpose: str, effects: Effects) -> None:
    first = changes[0]
    act = Act(
        [str(each.key) for each in changes],
        [f"{event.key}/_history/{event.version}"],
        instant(effects.now),
        activity="CREATE" if first.before is None else "UPDATE",
    )
    said = Key("Provenance", effects.id_for(purpose))
    written = Change(said, "PUT", None, provenance(POLICY, act), effects.now)
    await save(effects.tx, [*changes, written])


def concerns(written: JsonObject) -> bool:
    """Tell whether a write may change who waits, or how many places there are."""
    if written["resourceType"] == "EpisodeOfCare":
        return is_programme(written)
    if written["resourceType"] == "HealthcareService":
        return capacity_of(written) is not None
    return place_tasks.is_refused_offer(written)


_CODES: Final = (place_tasks.WAITLIST, place_tasks.OFFER)
REACTION: Final = Reaction(
    "waitlist_followed",
    frozenset({"EpisodeOfCare", "HealthcareService", "Task"}),
    handle,
    concerns,
)
