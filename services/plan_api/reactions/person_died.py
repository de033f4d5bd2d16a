"""A person has died: their plans end, and whatever is booked for them is called off.

So is what is booked afterwards; what had begun before the death stands as people tell it. If the
death was told in error, it goes on; the plans of the programme when the programme does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.domain import programme_end
from services.plan_api.going_on import POLICY, going_on, has_ended_by_death
from shared.care import correction
from shared.care.appointment import HOLDING
from shared.care.automatic import Act, provenance
from shared.care.death import DIED, is_dead
from shared.care.merge import may_merge
from shared.care.session import patient_of_appointment
from shared.care.subject import patient_of
from shared.feed.deaths import Told, deaths_told, died_at, has_died
from shared.feed.one_person import one_person
from shared.feed.reaction import Reaction
from shared.feed.status_given import status_given
from shared.fhir.dates import date_range, moment
from shared.server.interactions.update import content_of
from shared.server.saving import save
from shared.store.finding import fetch, find
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from datetime import datetime

    from shared.care.automatic import Policy
    from shared.feed.effects import Effects
    from shared.feed.one_person import OnePerson
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.transaction import Transaction

_REASON: Final = {
    "coding": [
        {
            "system": "http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason",
            "code": "pat-dec",
        }
    ],
    "text": DIED,
}
_TO_COME: Final = ("proposed", "waitlist", *HOLDING)
_BOOKED: Final = ",".join(_TO_COME)
_NOT_ENDED: Final = "draft,active,on-hold"


async def handle(event: Event, effects: Effects) -> None:
    """End what was planned for a person who was in care here, once, or let it go on."""
    for each in await _TOLD[event.key.type](event, effects.tx):
        person, source = each.person, f"{event.key}/_history/{event.version}"
        if not await find(effects.tx, "EpisodeOfCare", person.criterion):
            continue
        if each.has_died:
            await _write(POLICY, await _ended(person, effects), (source,), effects)
        else:
            sources = (*await _corrected_by(event, effects.tx), source)
            await _write(correction.POLICY, await going_on(person, effects), sources, effects)


async def _by_appointment(event: Event, tx: Transaction) -> list[Told]:
    """Tell by what is booked whether whom it is booked for has died."""
    booked = await fetch(tx, event.key)
    patient_id = patient_of_appointment(booked.content, tx.bases) if booked else None
    person = await one_person(tx, patient_id) if patient_id else None
    return [Told(person, has_died=True)] if person and await has_died(person, tx) else []


async def _by_episode(event: Event, tx: Transaction) -> list[Told]:
    """Tell by an episode whether a death has ended it, or it goes on after it had ended."""
    episode = await fetch(tx, event.key)
    patient_id = patient_of(episode.content, "patient", tx.bases) if episode else None
    if episode is None or patient_id is None:
        return []
    person = await one_person(tx, patient_id)
    before = content_of(await tx.read_version(event.key, event.version - 1)) or {}
    # One that had ended before ends nothing a second time: the person may be here again by another.
    ends = before.get("status") != episode.content["status"]
    if await has_died(person, tx) or (ends and await has_ended_by_death(episode, tx)):
        return [Told(person, has_died=True)]
    went_on = programme_end.has_ended(before) and not programme_end.has_ended(episode.content)
    return [Told(person, has_died=False)] if went_on else []


async def _corrected_by(event: Event, tx: Transaction) -> list[str]:
    """Name the correction by which an episode goes on, as is said of it."""
    episode = await fetch(tx, event.key) if event.key.type == "EpisodeOfCare" else None
    given = await status_given(episode, correction.POLICY, tx) if episode else None
    entities = given.said.get("entity", ()) if given else ()
    return [str(each["what"]["reference"]) for each in entities]


async def _ended(person: OnePerson, effects: Effects) -> list[Change]:
    whose = person.criterion
    booked = await find(effects.tx, "Appointment", whose, ("status", _BOOKED))
    plans = await find(effects.tx, "CarePlan", whose, ("status", _NOT_ENDED))
    died = await died_at(person, effects.tx)
    decided = [(each, _called_off(each.content, died, effects)) for each in booked]
    decided += [(each, programme_end.ended_plan(each.content)) for each in plans]
    return [
        Change(each.key, "PUT", each.version, after, effects.now)
        for each, after in decided
        if after is not None
    ]


async def _write(
    policy: Policy, changes: list[Change], sources: tuple[str, ...], effects: Effects
) -> None:
    if changes:
        targets = [str(change.key) for change in changes]
        act = Act(targets, sources, instant(effects.now), activity="UPDATE")
        said = Key("Provenance", effects.id_for(f"{policy.name}/{targets[0]}"))
        said_by = provenance(policy, act)
        await save(effects.tx, [*changes, Change(said, "PUT", None, said_by, effects.now)])


def _called_off(
    appointment: JsonObject, died: datetime | None, effects: Effects
) -> JsonObject | None:
    """Call off what can take place no more; None leaves what had begun before the death."""
    start = appointment.get("start")
    begins = moment(date_range(start, effects.tx.zone)[0]) if start else None
    if begins is not None and died is not None and begins < min(died, effects.now):
        return None
    return appointment | {"status": "cancelled", "cancelationReason": _REASON}


def concerns(written: JsonObject) -> bool:
    """Tell whether a write may tell of a death, take one back, or book anything after one."""
    if written["resourceType"] == "Appointment":
        # What a plan books is booked for nobody who has died.
        return written.get("status") in _TO_COME and "supportingInformation" not in written
    if written["resourceType"] == "EpisodeOfCare":
        return bool(written["meta"]["versionId"] != "1")
    return is_dead(written) or may_merge(written)


_TOLD: Final = {
    "Patient": deaths_told,
    "EpisodeOfCare": _by_episode,
    "Appointment": _by_appointment,
}
REACTION: Final = Reaction("person_died", frozenset(_TOLD), handle, concerns)
