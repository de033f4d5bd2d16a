"""A payer has authorised more or less, a session was attended, or the end is near: ask, once.

A write and a timer are handled alike: by what the record says now of the person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake_api.domain import authorisation
from services.intake_api.domain.authorisation import CODE, POLICY, is_authorisation
from shared.care.automatic import Act, provenance
from shared.care.episode import PROGRAMME, is_programme
from shared.care.session import is_session, may_change_a_week
from shared.care.subject import patient_of
from shared.feed.one_person import one_person
from shared.feed.reaction import Reaction
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
    from shared.feed.reaction import DueTimer, Event
    from shared.fhir.reader import JsonObject

_DUE: Final = "authorisation_due"
_OPEN: Final = (
    ("type", f"{PROGRAMME['system']}|{PROGRAMME['code']}"),
    ("status", "planned,waitlist,active,onhold"),
)
_CODE: Final = ("code", f"{CODE['system']}|{CODE['code']}")


async def handle(occasion: Event | DueTimer, effects: Effects) -> None:
    """Ask the team for more while an authorisation runs out, and take it back when it does not."""
    patient_id = await _patient(occasion.key, effects)
    if patient_id is None:
        return
    person = await one_person(effects.tx, patient_id)
    found = await find(effects.tx, "ClaimResponse", person.criterion, ("use", "preauthorization"))
    tasks = await find(effects.tx, "Task", person.criterion, _CODE)
    if not found and not tasks:
        return
    await effects.tx.hold_conditions([f"authorisation of Patient/{person.survivor}"])
    claims = authorisation.authorisations([each.content for each in found], effects.tx.zone)
    await _watch(claims, effects)
    await _follow(claims, person, occasion.key, effects)


async def _patient(key: Key, effects: Effects) -> str | None:
    """Tell whom a write was about, also where it deleted something."""
    written = await effects.tx.read(key)
    told = content_of(written)
    if told is None and written is not None:
        told = content_of(await effects.tx.read_version(key, written.number - 1))
    element = "subject" if key.type == "Encounter" else "patient"
    return patient_of(told, element, effects.tx.bases) if told else None


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
        is_wanted = wanted is not None and each.key.id == wanted["id"]
        decide = authorisation.asked_again if is_wanted else authorisation.withdrawn
        if (after := decide(each.content, at)) is not None:
            changes.append(Change(each.key, "PUT", each.version, after, effects.now))
    if wanted is not None and await effects.tx.read(Key("Task", wanted["id"])) is None:
        changes.append(Change(Key("Task", wanted["id"]), "PUT", None, wanted, effects.now))
    if changes:
        await _save(changes, cause, effects)


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


async def _save(changes: Sequence[Change], cause: Key, effects: Effects) -> None:
    # What was deleted is no source that could be read.
    source = await fetch(effects.tx, cause)
    act = Act(
        [str(each.key) for each in changes],
        [source.versioned] if source else [],
        instant(effects.now),
        activity="UPDATE" if any(each.before for each in changes) else "CREATE",
    )
    said = Key("Provenance", effects.id_for(POLICY.name))
    written = Change(said, "PUT", None, provenance(POLICY, act), effects.now)
    await save(effects.tx, [*changes, written])


def concerns(written: JsonObject) -> bool:
    """Tell whether a write may change what is authorised, what was used, or whether it matters."""
    if written["resourceType"] == "Encounter":
        return may_change_a_week(written)
    if written["resourceType"] == "EpisodeOfCare":
        return is_programme(written)
    return is_authorisation(written) or written["meta"]["versionId"] != "1"


REACTION: Final = Reaction(
    "authorisation_followed",
    frozenset({"ClaimResponse", "Encounter", "EpisodeOfCare"}),
    handle,
    concerns,
)
TIMERS: Final = {_DUE: handle}
