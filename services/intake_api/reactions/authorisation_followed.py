"""A payer has authorised more or less, a session was attended, or the end is near: ask, once.

A write and a timer are handled alike: by what the record says now of the person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake_api.domain import authorisation
from services.intake_api.domain.authorisation import CODE, POLICY, is_authorisation
from shared.care.automatic import Act, provenance
from shared.care.episode import PROGRAMME, is_programme
from shared.care.merge import may_merge
from shared.care.session import is_session, may_change_a_week
from shared.care.subject import patient_of
from shared.feed.one_person import one_person, persons_merged
from shared.feed.reaction import Event, Reaction
from shared.fhir.dates import date_range, local_day, moment
from shared.server.interactions.update import content_of
from shared.server.saving import save
from shared.store.finding import fetch, find
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime, tzinfo

    from services.intake_api.domain.authorisation import Authorisation
    from shared.feed.effects import Effects
    from shared.feed.one_person import OnePerson
    from shared.feed.reaction import DueTimer
    from shared.fhir.reader import JsonObject
    from shared.store.transaction import Transaction
    from shared.store.version import Version

_DUE: Final = "authorisation_due"
_OPEN: Final = (
    ("type", f"{PROGRAMME['system']}|{PROGRAMME['code']}"),
    ("status", "planned,waitlist,active,onhold"),
)
_CODE: Final = ("code", f"{CODE['system']}|{CODE['code']}")


async def handle(occasion: Event | DueTimer, effects: Effects) -> None:
    """Ask the team for more while an authorisation runs out, and take it back when it does not."""
    for person in await _persons(occasion, effects.tx):
        await _look(person, occasion.key, effects)


async def _look(person: OnePerson, cause: Key, effects: Effects) -> None:
    found = await find(effects.tx, "ClaimResponse", person.criterion, ("use", "preauthorization"))
    tasks = await find(effects.tx, "Task", person.criterion, _CODE)
    if not found and not tasks:
        return
    await effects.tx.hold_conditions([f"authorisation of Patient/{person.survivor}"])
    claims = authorisation.authorisations([each.content for each in found], effects.tx.zone)
    await _watch(claims, effects)
    await _follow(claims, person, cause, effects)


async def _persons(occasion: Event | DueTimer, tx: Transaction) -> list[OnePerson]:
    """Name whom a write is about, and whom it was, also where it deleted something."""
    key = occasion.key
    if isinstance(occasion, Event) and key.type == "Patient":
        return await persons_merged(occasion, tx)
    versions = [await tx.read(key)]
    if isinstance(occasion, Event):
        versions.append(await tx.read_version(key, occasion.version - 1))
    element = "subject" if key.type == "Encounter" else "patient"
    told = (content_of(each) for each in versions)
    ids = dict.fromkeys(patient_of(each, element, tx.bases) for each in told if each)
    return list(dict.fromkeys([await one_person(tx, each) for each in ids if each]))


async def _watch(claims: Sequence[Authorisation], effects: Effects) -> None:
    """Look again when the end of each comes near."""
    for each in claims:
        due = _begin(each.watched_from, effects.tx.zone)
        if effects.now < due:
            key = Key("ClaimResponse", each.claim["id"])
            await effects.set_timer(f"authorisation/{key.id}", due, _DUE, key)


async def _follow(
    claims: Sequence[Authorisation], person: OnePerson, cause: Key, effects: Effects
) -> None:
    at, wanted = instant(effects.now), await _wanted(claims, person, effects)
    changes = []
    for each in await find(effects.tx, "Task", person.criterion, _CODE):
        if wanted is None or each.key.id != wanted["id"]:
            after = authorisation.withdrawn(each.content, at)
            changes += [_change(each.key, each.version, after, effects)] if after else []
    if wanted is not None:
        key = Key("Task", wanted["id"])
        present = await fetch(effects.tx, key)
        version = await effects.tx.read(key) if present is None else present.version
        after = wanted if version is None else None
        if present is not None:
            after = authorisation.asked_again(present.content, wanted, at)
        changes += [_change(key, version, after, effects)] if after else []
    if changes:
        await _save(changes, (cause, person.survivor), effects)


def _change(key: Key, before: Version | None, after: JsonObject, effects: Effects) -> Change:
    return Change(key, "PUT", before, after, effects.now)


async def _wanted(
    claims: Sequence[Authorisation], person: OnePerson, effects: Effects
) -> JsonObject | None:
    tx, today = effects.tx, effects.now.astimezone(effects.tx.zone).date()
    episodes = await find(tx, "EpisodeOfCare", person.criterion, *_OPEN)
    begun = [_day(each.content, tx.zone) or today for each in episodes]
    current = [each for each in claims if begun and each.last >= min(begun)]
    if not current:
        return None
    seen = await find(tx, "Encounter", person.criterion, ("status", "finished"))
    days = (_day(each.content, tx.zone) for each in seen if is_session(each.content))
    found = authorisation.running_out(current, {each for each in days if each}, today)
    patient = f"Patient/{person.survivor}"
    return None if found is None else authorisation.task(*found, patient, instant(effects.now))


def _day(told: JsonObject, zone: tzinfo) -> date | None:
    """Give the local day on which an Encounter or EpisodeOfCare began, if it says so."""
    start = told.get("period", {}).get("start")
    return local_day(start, zone) if start else None


def _begin(day: date, zone: tzinfo) -> datetime:
    return moment(date_range(day.isoformat(), zone)[0])


async def _save(changes: Sequence[Change], why: tuple[Key, str], effects: Effects) -> None:
    # What was deleted is no source that could be read.
    cause, whose = why
    source = await fetch(effects.tx, cause)
    act = Act(
        [str(each.key) for each in changes],
        [source.versioned] if source else [],
        instant(effects.now),
        activity="UPDATE" if any(each.before for each in changes) else "CREATE",
    )
    said = Key("Provenance", effects.id_for(f"{POLICY.name}/{whose}"))
    written = Change(said, "PUT", None, provenance(POLICY, act), effects.now)
    await save(effects.tx, [*changes, written])


def concerns(written: JsonObject) -> bool:
    """Tell whether a write may change what is authorised, what was used, or whether it matters."""
    if written["resourceType"] == "Patient":
        return may_merge(written)
    if written["resourceType"] == "Encounter":
        return may_change_a_week(written)
    if written["resourceType"] == "EpisodeOfCare":
        return is_programme(written)
    return is_authorisation(written) or written["meta"]["versionId"] != "1"


REACTION: Final = Reaction(
    "authorisation_followed",
    frozenset({"ClaimResponse", "Encounter", "EpisodeOfCare", "Patient"}),
    handle,
    concerns,
)
TIMERS: Final = {_DUE: handle}
