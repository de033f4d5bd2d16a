"""Somebody was admitted, has consented or has an interpreter: what their admission asks follows.

A consent that is taken back during the programme is asked for again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake_api.domain import admission_asks
from services.intake_api.domain.admission_asks import ASKS, CODES, POLICY, Admission
from shared.care.automatic import Act, provenance
from shared.care.episode import PROGRAMME, WAITING, is_programme
from shared.care.minors import guardians, is_minor
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
    from shared.feed.one_person import OnePerson
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found

_OPEN: Final = (
    ("type", f"{PROGRAMME['system']}|{PROGRAMME['code']}"),
    ("status", "planned,waitlist,active,onhold"),
)


async def handle(event: Event, effects: Effects) -> None:
    """Ask for what an admission needs, once, and let each Task follow what answers it."""
    now = content_of(await effects.tx.read(event.key))
    before = content_of(await effects.tx.read_version(event.key, event.version - 1))
    patient_id = _person(now or before or {}, effects)
    if patient_id is None:
        return
    person = await one_person(effects.tx, patient_id)
    # A consent that comes while its Task is made must find the Task, or be found.
    await effects.tx.hold_conditions([f"asks of Patient/{person.survivor}"])
    for episode in await _episodes(event, person, effects):
        admission = await _admission(episode.content, person, effects)
        asks = _asks(event, before, now, admission)
        # What was deleted is no source that could be read.
        source = episode.versioned if now is None else f"{event.key}/_history/{event.version}"
        await _follow(admission, source, effects, asks=asks)


def _person(resource: JsonObject, effects: Effects) -> str | None:
    element = "subject" if resource.get("resourceType") == "ServiceRequest" else "patient"
    return patient_of(resource, element, effects.tx.bases)


async def _episodes(event: Event, person: OnePerson, effects: Effects) -> list[Found]:
    if event.key.type != "EpisodeOfCare":
        return await find(effects.tx, "EpisodeOfCare", person.criterion, *_OPEN)
    found = await fetch(effects.tx, event.key)
    return [found] if found and is_programme(found.content) else []


def _asks(
    event: Event, before: JsonObject | None, now: JsonObject | None, admission: Admission
) -> bool:
    """Tell whether what is missing is asked for now: at an admission, or by who takes it back."""
    if event.key.type == "EpisodeOfCare":
        minor = is_minor(admission.patient, admission.now)
        return now is not None and admission_asks.begins(before, now, minor=minor)
    was_given = event.key.type == "Consent" and (before or {}).get("status") == "active"
    return was_given and admission.episode["status"] not in WAITING


async def _admission(episode: JsonObject, person: OnePerson, effects: Effects) -> Admission:
    tx = effects.tx
    patient = await fetch(tx, Key("Patient", person.survivor))
    named = ids_of([episode.get("managingOrganization", {})], "Organization", tx.bases)
    organization = await fetch(tx, Key("Organization", named[0])) if named else None
    related = await find(tx, "RelatedPerson", person.criterion)
    answers = await find(tx, "Consent", person.criterion)
    answers += await find(tx, "ServiceRequest", person.criterion, ("code", admission_asks.ORDERS))
    return Admission(
        episode,
        patient.content if patient else {},
        organization.content if organization else {},
        guardians((each.content for each in related), effects.now),
        [each.content for each in answers],
        effects.now,
        tx.bases,
    )


async def _follow(admission: Admission, source: str, effects: Effects, *, asks: bool) -> None:
    at, focus = instant(effects.now), ("focus", admission.reference)
    tasks = {each.key: each for each in await find(effects.tx, "Task", focus, ("code", CODES))}
    changes = [
        Change(key, "PUT", task.version, after, effects.now)
        for key, task in tasks.items()
        if (after := admission_asks.followed(task.content, admission, at)) is not None
    ]
    for each in admission_asks.wanted(admission, at) if asks else ():
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
    is_consent = written["resourceType"] == "Consent"
    return is_consent or any(admission_asks.is_order(written, ask) for ask in ASKS)


REACTION: Final = Reaction(
    "admission_asked",
    frozenset({"EpisodeOfCare", "Consent", "ServiceRequest"}),
    handle,
    concerns,
)
