"""Finds whether the programme has a place for somebody, and on which track they want it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.care.places import SERVICES, TAKEN, TRACK, limits, on_track, places_left, track_of
from shared.store.finding import find

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject
    from shared.store.transaction import Transaction

_PREFERRED: Final = (("code", f"{TRACK}|session-time"), ("status", "final,amended,corrected"))


async def has_room(tx: Transaction, episode: JsonObject) -> bool:
    """Tell whether there is a place for one more; nobody else is given it until the commit."""
    services = [each.content for each in await find(tx, SERVICES.type, *SERVICES.criteria)]
    limiting = [each for each in services if limits(each, episode, tx.bases)]
    if not limiting:
        return True
    await tx.hold_conditions([repr(TAKEN)])
    taken = [each.content for each in await find(tx, TAKEN.type, *TAKEN.criteria)]
    return all(places_left(each, taken, tx.bases) > 0 for each in limiting)


async def placed(
    tx: Transaction, episode: JsonObject, patient_id: str, track: str | None
) -> JsonObject:
    """Let an episode name its track: the one told now, named before, or else preferred."""
    if track is None and track_of(episode["type"]) is None:
        track = await _preferred(tx, patient_id)
    return on_track(episode, track)


async def _preferred(tx: Transaction, patient_id: str) -> str | None:
    found = await find(tx, "Observation", ("patient", f"Patient/{patient_id}"), *_PREFERRED)
    last = sorted(found, key=lambda each: str(each.content.get("effectiveDateTime", "")))
    return track_of([last[-1].content.get("valueCodeableConcept", {})]) if last else None
