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
    for task in await _tasks(event, effects):
        named = referral.referral_in(task, effects.tx.bases) or ""
        request = await fetch(effects.tx, Key("ServiceRequest", named.partition("/")[2]))
        if request is not None and referral.asks_for_programme(request.content):
            await _answer(task, request, effects)


async def _tasks(event: Event, effects: Effects) -> list[JsonObject]:
    if event.key.type == "Task":
        return [content_of(await effects.tx.read(event.key)) or {}]
    return [each.content for each in await find(effects.tx, "Task", ("focus", str(event.key)))]


async def _answer(task: JsonObject, request: Found, effects: Effects) -> None:
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
    episode = await _episode(request, patient, stay, effects)
    if episode is None:
        return
    clocks = await _clocks(opening.clocks(stay, instant(effects.now)) if stay else {}, effects)
    changes = [episode, *clocks, _said(referral.POLICY, request.reference, [episode], effects)]
    if clocks and stay:
        changes.append(_said(windows.POLICY, stay.reference, clocks, effects))
    await save(effects.tx, changes)


async def _episode(
    request: Found, patient: str, stay: Stay | None, effects: Effects
) -> Change | None:
    """Plan an episode, or join the one that waits already after the same stay."""
    for cause in (stay.reference, request.reference) if stay else (request.reference,):
        key = Key("EpisodeOfCare", opening.episode_id(cause))
        now = instant(effects.now)
        planned = opening.planned_episode(key.id, patient, (request.reference,), now)
        version = await effects.tx.read(key)
        if version is None:
            return Change(key, "PUT", None, planned, effects.now)
        current = content_of(version)
        if current is None:
            return None  # what people have deleted is not planned again
        joined = opening.joined(current, planned)
        if joined is not None:
            return Change(key, "PUT", version, joined, effects.now)
    return None


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


def concerns(written: JsonObject) -> bool:
    """Tell whether a write may make a referral complete."""
    if written["resourceType"] == "Task":
        return bool(written["status"] == "requested")
    return referral.asks_for_programme(written)


REACTION: Final = Reaction(
    "referral_requested", frozenset({"Task", "ServiceRequest"}), handle, concerns
)
