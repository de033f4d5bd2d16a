"""Somebody was referred to the programme without a notice: an episode of care is planned, once.

The referral itself is the inbound notice, so the person need not have an open episode.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake_api.domain.clock import as_opened
from services.intake_api.domain.follow_up import opening, referral, windows
from services.intake_api.domain.follow_up.opening import Stay
from services.intake_api.domain.stay import last_day
from shared.care.automatic import Act, derived_id, provenance
from shared.care.subject import patient_of
from shared.feed.reaction import Reaction
from shared.server.interactions.update import content_of
from shared.server.saving import save
from shared.store.finding import fetch, find
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.care.automatic import Policy
    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found


async def handle(event: Event, effects: Effects) -> None:
    """Plan an episode, and start its clocks, for a referral that has none yet."""
    task = content_of(await effects.tx.read(event.key)) or {}
    named = referral.referral_in(task, effects.tx.bases)
    request = (
        await fetch(effects.tx, Key("ServiceRequest", named.partition("/")[2])) if named else None
    )
    if request is None or not referral.asks_for_programme(request.content):
        return
    patient_id = patient_of(request.content, "subject", effects.tx.bases)
    if patient_id is None or patient_of(task, "for", effects.tx.bases) not in {None, patient_id}:
        return
    if not await find(effects.tx, "EpisodeOfCare", ("incoming-referral", request.reference)):
        stay = await _stay(request, patient_id, effects)
        await _plan(request, f"Patient/{patient_id}", stay, effects)


async def _stay(request: Found, patient_id: str, effects: Effects) -> Stay | None:
    stays = {}
    for reference in referral.stays_named(request.content, effects.tx.bases):
        stay = await fetch(effects.tx, Key("Encounter", reference.partition("/")[2]))
        if stay and patient_of(stay.content, "subject", effects.tx.bases) == patient_id:
            stays[reference] = stay.content
    last = referral.last_stay(stays, effects.tx.zone)
    day = last_day(stays[last], effects.tx.zone) if last else None
    return Stay(last, f"Patient/{patient_id}", day) if last and day else None


async def _plan(request: Found, patient: str, stay: Stay | None, effects: Effects) -> None:
    now = instant(effects.now)
    episode_id = opening.episode_id(stay.reference if stay else request.reference)
    planned = opening.planned_episode(episode_id, patient, (request.reference,), now)
    episode = await _episode(planned, effects)
    clocks = await _clocks(opening.clocks(stay, now) if stay else {}, effects)
    changes = [*episode, *clocks]
    if episode:
        changes.append(_said(referral.POLICY, request.reference, episode, effects))
    if clocks and stay:
        changes.append(_said(windows.POLICY, stay.reference, clocks, effects))
    await save(effects.tx, changes)


async def _episode(planned: JsonObject, effects: Effects) -> list[Change]:
    key = Key("EpisodeOfCare", planned["id"])
    version = await effects.tx.read(key)
    if version is None:
        return [Change(key, "PUT", None, planned, effects.now)]
    current = content_of(version)
    # The notice of the same stay has planned it already, for a referral of its own.
    after = opening.joined(current, planned) if current else None
    return [Change(key, "PUT", version, after, effects.now)] if after else []


async def _clocks(opened: dict[str, JsonObject], effects: Effects) -> list[Change]:
    keys = {Key("Task", task["id"]): task for task in opened.values()}
    return [
        Change(key, "PUT", None, as_opened(task, effects.tx.zone, effects.now), effects.now)
        for key, task in keys.items()
        if await effects.tx.read(key) is None
    ]


def _said(policy: Policy, source: str, changes: Sequence[Change], effects: Effects) -> Change:
    act = Act([str(each.key) for each in changes], (source,), instant(effects.now))
    key = Key("Provenance", derived_id(effects.cause(policy.name), "provenance"))
    return Change(key, "PUT", None, provenance(policy, act), effects.now)


REACTION: Final = Reaction("referral_requested", frozenset({"Task"}), handle)
