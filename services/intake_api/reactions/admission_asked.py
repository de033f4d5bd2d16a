"""Somebody was admitted, has consented or has an interpreter: what their admission asks follows.

A consent that is taken back during the programme, or runs out by its period, is asked for again;
so is that of a guardian who stands for a minor no more, or whose minor has come of age.
"""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Final

from services.intake_api.admission_finding import admission_of, episodes_of
from services.intake_api.domain import admission_asks
from services.intake_api.domain.admission_asks import ASKS, CODES, POLICY, Admission
from shared.care.automatic import Act, provenance
from shared.care.consent import next_turn, turns
from shared.care.episode import is_programme
from shared.care.minors import comes_of_age
from shared.care.subject import patient_of
from shared.feed.one_person import one_person
from shared.feed.reaction import DueTimer, Event, Reaction
from shared.server.interactions.update import content_of
from shared.server.saving import save
from shared.store.finding import fetch, find
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.feed.effects import Effects
    from shared.fhir.reader import JsonObject

_TURNS: Final = "consent_turns"
# What time alone changes: who and what answers, and who is a minor.
_NAMES: Final = {"Consent": "consent", "RelatedPerson": "guardian", "Patient": "majority"}
_JUST: Final = timedelta(microseconds=1)


async def handle(occasion: Event | DueTimer, effects: Effects) -> None:
    """Ask for what an admission needs, once, and let each Task follow what answers it."""
    now = content_of(await effects.tx.read(occasion.key))
    before = await _before(occasion, now, effects)
    patient_id = _person(now or before or {}, effects)
    if patient_id is None:
        return
    person = await one_person(effects.tx, patient_id)
    # A consent that comes while its Task is made must find the Task, or be found.
    await effects.tx.hold_conditions([f"asks of Patient/{person.survivor}"])
    for episode in await episodes_of(occasion.key, person, effects):
        admission = await admission_of(episode.content, person, effects)
        await _watch(admission, effects)
        asks = _asks(occasion, before, now, admission)
        # What was deleted is no source that could be read.
        source = episode if now is None else await fetch(effects.tx, occasion.key)
        await _follow(admission, (source or episode).versioned, effects, asks=asks)


async def _before(
    occasion: Event | DueTimer, now: JsonObject | None, effects: Effects
) -> JsonObject | None:
    """Give what was before a write; where only time has passed, it is what there is."""
    if isinstance(occasion, DueTimer):
        return now
    return content_of(await effects.tx.read_version(occasion.key, occasion.version - 1))


async def _watch(admission: Admission, effects: Effects) -> None:
    """Look again when a Consent or guardian begins or ends by its period, or a minor is grown."""
    consents = [each for each in admission.answers if each["resourceType"] == "Consent"]
    told = [(each, turns(each, admission.now)) for each in consents]
    if admission.of_a_minor:
        periods = ((each, each.get("period", {})) for each in admission.related)
        told += [(each, next_turn(period, admission.now)) for each, period in periods]
        zone = admission.now.tzinfo or UTC
        told.append((admission.patient, comes_of_age(admission.patient, zone)))
    for each, due in told if admission.is_open else ():
        if due is not None:
            key = Key(each["resourceType"], each["id"])
            await effects.set_timer(f"{_NAMES[key.type]}/{key.id}", due, _TURNS, key)


def _person(resource: JsonObject, effects: Effects) -> str | None:
    if resource.get("resourceType") == "Patient":
        return str(resource["id"])
    element = "subject" if resource.get("resourceType") == "ServiceRequest" else "patient"
    return patient_of(resource, element, effects.tx.bases)


def _asks(
    occasion: Event | DueTimer,
    before: JsonObject | None,
    now: JsonObject | None,
    admission: Admission,
) -> Sequence[JsonObject]:
    """Tell what is asked for now: all at an admission, or what is answered no more."""
    if occasion.key.type == "EpisodeOfCare":
        minor = admission.of_a_minor
        return ASKS if now and admission_asks.begins(before, now, minor=minor) else ()
    if occasion.key.type not in _NAMES or before is None:
        return ()
    at = admission.now if isinstance(occasion, Event) else occasion.due - _JUST
    earlier = admission.before(before, at.astimezone(admission.now.tzinfo))
    return admission_asks.lost(earlier, admission)


async def _follow(
    admission: Admission, source: str, effects: Effects, *, asks: Sequence[JsonObject]
) -> None:
    at, focus = instant(effects.now), ("focus", admission.reference)
    tasks = {each.key: each for each in await find(effects.tx, "Task", focus, ("code", CODES))}
    changes = [
        Change(key, "PUT", task.version, after, effects.now)
        for key, task in tasks.items()
        if (after := admission_asks.followed(task.content, admission, at)) is not None
    ]
    for each in admission_asks.wanted(admission, at, asks):
        key = Key("Task", each["id"])
        if await effects.tx.read(key) is None:
            changes.append(Change(key, "PUT", None, each, effects.now))
    if changes:
        await _save(changes, admission, source, effects)


async def _save(changes: list[Change], admission: Admission, source: str, effects: Effects) -> None:
    act = Act(
        [str(each.key) for each in changes],
        [source],
        instant(effects.now),
        activity="UPDATE" if any(each.before for each in changes) else "CREATE",
    )
    said = Key("Provenance", effects.id_for(f"{POLICY.name}/{admission.reference}"))
    written = Change(said, "PUT", None, provenance(POLICY, act), effects.now)
    await save(effects.tx, [*changes, written])


def concerns(written: JsonObject) -> bool:
    """Tell whether a write may ask for something, or answer it."""
    if written["resourceType"] == "EpisodeOfCare":
        return is_programme(written)
    return written["resourceType"] in _NAMES or any(
        admission_asks.is_order(written, ask) for ask in ASKS
    )


REACTION: Final = Reaction(
    "admission_asked",
    frozenset({"EpisodeOfCare", "ServiceRequest", "Consent", "RelatedPerson"}),
    handle,
    concerns,
)
TIMERS: Final = {_TURNS: handle}
