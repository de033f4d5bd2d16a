"""A referral was a mistake, or somebody else's: the episode that waits because of it follows.

Only what a policy of ours has planned, and nobody has admitted or declined: that stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake_api.domain.referral_grounds import MISTAKEN, restored, withdrawn
from shared.care import correction
from shared.care.automatic import Act, provenance
from shared.care.canonical import POLICY
from shared.care.programme_plan import ids_of
from shared.care.subject import patient_of
from shared.feed.one_person import one_person
from shared.feed.reaction import Reaction
from shared.feed.status_given import status_given
from shared.server.interactions.update import content_of
from shared.server.saving import save
from shared.store.finding import find
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.transaction import Transaction


async def handle(event: Event, effects: Effects) -> None:
    """Take back what waits because of a referral that does not stand, or let it wait again."""
    for episode in await find(effects.tx, "EpisodeOfCare", ("incoming-referral", str(event.key))):
        after = await _followed(episode, effects)
        if after is not None:
            await _save(episode, after, event, effects)


async def _followed(episode: Found, effects: Effects) -> JsonObject | None:
    tx, told = effects.tx, episode.content
    patient_id = patient_of(told, "patient", tx.bases)
    if patient_id is None or not await _is_ours(episode, tx):
        return None
    ids = ids_of(told.get("referralRequest", ()), "ServiceRequest", tx.bases)
    referrals = [content_of(await tx.read(Key("ServiceRequest", each))) for each in ids]
    person = (await one_person(tx, patient_id)).ids
    if told["status"] != MISTAKEN:
        at = instant(effects.now)
        return withdrawn(told, referrals, person, at=at, bases=tx.bases)
    given = await status_given(episode, correction.POLICY, tx)
    return restored(told, given.before, referrals, person, tx.bases) if given else None


async def _is_ours(episode: Found, tx: Transaction) -> bool:
    """Tell whether a policy has planned an episode."""
    first = await tx.read_version(episode.key, 1)
    return first is not None and any(
        agent["who"].get("identifier", {}).get("system") == POLICY
        for each in await find(tx, "Provenance", ("target", episode.reference))
        if each.version.updated == first.updated
        for agent in each.content["agent"]
    )


async def _save(episode: Found, after: JsonObject, event: Event, effects: Effects) -> None:
    sources = [f"{event.key}/_history/{event.version}"]
    act = Act([episode.reference], sources, instant(effects.now), "UPDATE")
    said = Key("Provenance", effects.id_for(f"referral/{episode.key.id}"))
    changes = [
        Change(episode.key, "PUT", episode.version, after, effects.now),
        Change(said, "PUT", None, provenance(correction.POLICY, act), effects.now),
    ]
    await save(effects.tx, changes)


def concerns(written: JsonObject) -> bool:
    """Tell whether a write may correct a referral."""
    return bool(written["meta"]["versionId"] != "1")


REACTION: Final = Reaction("referral_grounds", frozenset({"ServiceRequest"}), handle, concerns)
