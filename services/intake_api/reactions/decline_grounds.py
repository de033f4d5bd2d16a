"""A referral was a mistake by which somebody was declined: who declined is asked to look again.

The Task is withdrawn if the referral stands again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake_api.domain import decline_review
from shared.care import correction
from shared.care.automatic import Act, provenance
from shared.care.correction import Acted
from shared.care.programme_plan import ids_of
from shared.care.subject import patient_of
from shared.feed.one_person import one_person
from shared.feed.reaction import Reaction
from shared.server.interactions.update import content_of
from shared.server.saving import save
from shared.store.finding import fetch, find
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found


async def handle(event: Event, effects: Effects) -> None:
    """Look at the episodes that were declined by a referral which was written anew."""
    tx = effects.tx
    for said in await find(tx, "Provenance", ("entity", str(event.key))):
        who = decline_review.signer(said.content)
        for each in ids_of(said.content["target"], "EpisodeOfCare", tx.bases) if who else ():
            episode = await fetch(tx, Key("EpisodeOfCare", each))
            if episode is not None and decline_review.is_declined(episode.content):
                await _look(episode, str(who), event, effects)


async def _look(episode: Found, who: str, event: Event, effects: Effects) -> None:
    tx = effects.tx
    patient_id = patient_of(episode.content, "patient", tx.bases)
    ids = (await one_person(tx, patient_id)).ids if patient_id else ()
    stands = True
    for said in await find(tx, "Provenance", ("target", episode.reference)):
        for each in decline_review.referrals(said.content) if _is_by(said, who) else ():
            referral = content_of(await tx.read(Key(*each.split("/"))))
            stands = stands and decline_review.stands(referral, ids, tx.bases)
    key = Key("Task", correction.review_id(episode.reference))
    version = await tx.read(key)
    before = content_of(version)
    acted = Acted(episode.reference, episode.content["patient"], who, str(event.key))
    after = _followed(before, acted, instant(effects.now), stands=stands)
    if after is None or after == before or (version is not None and version.deleted):
        return
    source = f"{event.key}/_history/{event.version}"
    act = Act([str(key)], [source], instant(effects.now), "UPDATE" if before else "CREATE")
    told = Key("Provenance", effects.id_for(f"decline/{episode.key.id}"))
    changes = [
        Change(key, "PUT", version, after, effects.now),
        Change(told, "PUT", None, provenance(correction.POLICY, act), effects.now),
    ]
    await save(tx, changes)


def _is_by(said: Found, who: str) -> bool:
    return decline_review.signer(said.content) == who


def _followed(
    before: JsonObject | None, acted: Acted, at: str, *, stands: bool
) -> JsonObject | None:
    if before is None:
        return None if stands else correction.review(acted, at)
    return correction.withdrawn(before) if stands else correction.asked_again(before, at)


def concerns(written: JsonObject) -> bool:
    """Tell whether a write may correct a referral."""
    return bool(written["meta"]["versionId"] != "1")


REACTION: Final = Reaction(
    "decline_grounds", frozenset({"ServiceRequest", "Task"}), handle, concerns
)
