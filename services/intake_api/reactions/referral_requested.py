"""Somebody was referred to the programme without a notice: an episode of care is planned, once.

The referral itself is the inbound notice, so the person need not have an open episode.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.intake_api.domain.clock import as_opened
from services.intake_api.domain.follow_up import opening, referral, windows
from services.intake_api.domain.follow_up.opening import Stay
from services.intake_api.domain.route import route
from services.intake_api.domain.stay import last_day
from services.intake_api.notices.matching import key_of
from shared.care.automatic import Act, derived_id, provenance
from shared.care.elsewhere import lives_elsewhere
from shared.care.episode import WAITING, is_programme
from shared.care.subject import patient_of
from shared.feed.reaction import Reaction
from shared.server.interactions.update import content_of
from shared.server.saving import save
from shared.store.finding import fetch, find
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services.intake_api.domain.route import Route
    from shared.care.automatic import Policy
    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found


@dataclass(frozen=True, slots=True)
class Asked:
    """A referral that asks for the programme: of whom, after which stay, by which route."""

    request: Found
    patient: str
    stay: Stay | None
    route: Route


async def handle(event: Event, effects: Effects) -> None:
    """Plan an episode, and start its clocks, for a referral that has none yet."""
    for task in await _tasks(event, effects):
        if lives_elsewhere(task.get("owner", {})):
            continue  # a partner is asked, not this programme
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
        patient = f"Patient/{patient_id}"
        background = await _background(request, patient_id, effects)
        stay = _stay(background, patient, effects)
        asked = Asked(request, patient, stay, route(request.content, [*background.values()]))
        await _plan(asked, effects)


async def _background(request: Found, patient_id: str, effects: Effects) -> dict[str, JsonObject]:
    found = {}
    for reference in referral.background(request.content, effects.tx.bases):
        care = await fetch(effects.tx, key_of(reference))
        whose = "patient" if reference.startswith("EpisodeOfCare/") else "subject"
        if care and patient_of(care.content, whose, effects.tx.bases) == patient_id:
            found[reference] = care.content
    return found


def _stay(background: Mapping[str, JsonObject], patient: str, effects: Effects) -> Stay | None:
    last = referral.last_stay(background, effects.tx.zone)
    day = last_day(background[last], effects.tx.zone) if last else None
    return Stay(last, patient, day) if last and day else None


async def _plan(asked: Asked, effects: Effects) -> None:
    episode = await _episode(asked, effects)
    if episode is None:
        return
    stay, request = asked.stay, asked.request
    clocks = await _clocks(opening.clocks(stay, instant(effects.now)) if stay else {}, effects)
    changes = [episode, *clocks, _said(referral.POLICY, request.reference, [episode], effects)]
    if clocks and stay:
        changes.append(_said(windows.POLICY, stay.reference, clocks, effects))
    await save(effects.tx, changes)


async def _episode(asked: Asked, effects: Effects) -> Change | None:
    """Plan an episode, or join the one that waits already after the same stay."""
    request, stay, now = asked.request.reference, asked.stay, instant(effects.now)
    waits = await _waits_already(asked, effects)
    if waits is not None:
        return waits
    for cause in (stay.reference, request) if stay else (request,):
        planned = opening.planned_episode(
            cause, asked.patient, request, planned=now, route=asked.route
        )
        key = Key("EpisodeOfCare", planned["id"])
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


async def _waits_already(asked: Asked, effects: Effects) -> Change | None:
    """Let who asks for a place themselves join the episode by which they wait already."""
    if not referral.is_by_the_person(asked.request.content, effects.tx.bases):
        return None
    await effects.tx.hold_conditions([f"self-referral of {asked.patient}"])
    criteria = ("patient", asked.patient), ("status", ",".join(WAITING))
    known = {"referralRequest": [{"reference": asked.request.reference}]}
    for each in await find(effects.tx, "EpisodeOfCare", *criteria):
        joined = opening.joined(each.content, known) if is_programme(each.content) else None
        if joined is not None:
            return Change(each.key, "PUT", each.version, joined, effects.now)
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
        return written["status"] in referral.AWAITING
    return referral.asks_for_programme(written)


REACTION: Final = Reaction(
    "referral_requested", frozenset({"Task", "ServiceRequest"}), handle, concerns
)
