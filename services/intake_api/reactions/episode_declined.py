"""A clinician has declined somebody: whoever referred them is told why, and where to, once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake_api.domain import refusal_told
from services.intake_api.domain.refusal_told import POLICY, Declined
from services.intake_api.notices.elsewhere import have_written
from shared.care.automatic import Act, derived_id, provenance
from shared.care.episode import is_programme
from shared.care.programme_plan import ids_of
from shared.feed.reaction import Reaction
from shared.server.interactions.update import content_of
from shared.store.finding import fetch, find
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject


async def handle(event: Event, effects: Effects) -> None:
    """Send the referrer an answer where a clinician has signed that the episode is declined."""
    versioned = f"{event.key}/_history/{event.version}"
    signed = Key("Provenance", derived_id(f"{event.key}/{event.version}", "signature"))
    episode = content_of(await effects.tx.read_version(event.key, event.version))
    signature = await fetch(effects.tx, signed)
    if episode is None or signature is None:
        return
    referrals = await _referrals(episode, effects)
    key, at = Key("Communication", derived_id(versioned, "declined")), instant(effects.now)
    told = refusal_told.communication(Declined(episode, signature.content, referrals), key.id, at)
    if told is None:
        return
    said = Key("Provenance", derived_id(str(key), "provenance"))
    act = Act([str(key)], [versioned, signature.reference], at)
    written = {key: told, said: provenance(POLICY, act) | {"id": said.id}}
    await have_written(
        effects, [Change(each, "PUT", None, after, effects.now) for each, after in written.items()]
    )


async def _referrals(episode: JsonObject, effects: Effects) -> list[JsonObject]:
    """Find the Tasks by which somebody was referred, and the ServiceRequests that they are for."""
    ids = ids_of(episode.get("referralRequest", ()), "ServiceRequest", effects.tx.bases)
    keys = [Key("ServiceRequest", each) for each in ids]
    requests = [each for key in keys if (each := await fetch(effects.tx, key)) is not None]
    if not requests:
        return []
    focus = ",".join(each.reference for each in requests)
    tasks = await find(effects.tx, "Task", ("focus", focus))
    return [each.content for each in (*tasks, *requests)]


def concerns(written: JsonObject) -> bool:
    """Tell whether an episode of the programme never began."""
    return written["status"] == "cancelled" and is_programme(written)


REACTION: Final = Reaction("episode_declined", frozenset({"EpisodeOfCare"}), handle, concerns)
