"""A person has died: their plans end, and whatever is booked for them is called off.

If that was told in error, what is still to come is proposed again; a clinician decides on plans.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.domain import programme_end
from shared.care import correction
from shared.care.appointment import HOLDING
from shared.care.automatic import Act, Policy, provenance
from shared.care.death import DIED, is_dead
from shared.feed.reaction import Reaction
from shared.fhir.dates import date_range
from shared.server.interactions.update import content_of
from shared.server.saving import save
from shared.store.finding import fetch, find
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found

POLICY: Final = Policy("plans-end-with-death", "1.0", "Ends plans and bookings of who has died")
_REASON: Final = {
    "coding": [
        {
            "system": "http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason",
            "code": "pat-dec",
        }
    ],
    "text": DIED,
}
_BOOKED: Final = ",".join(("proposed", "waitlist", *HOLDING))
_NOT_ENDED: Final = "draft,active,on-hold"


async def handle(event: Event, effects: Effects) -> None:
    """End what was planned for a person who was in care here, once."""
    patient = await fetch(effects.tx, event.key)
    before = content_of(await effects.tx.read_version(event.key, event.version - 1))
    whose = ("patient", str(event.key))
    if patient is None or not await find(effects.tx, "EpisodeOfCare", whose):
        return
    if is_dead(patient.content):
        await _write(POLICY, await _ended(whose, effects), patient, effects)
    elif before is not None and is_dead(before):
        await _write(correction.POLICY, await _proposed(whose, effects), patient, effects)


async def _ended(whose: tuple[str, str], effects: Effects) -> list[Change]:
    booked = await find(effects.tx, "Appointment", whose, ("status", _BOOKED))
    plans = await find(effects.tx, "CarePlan", whose, ("status", _NOT_ENDED))
    decided = [(each, _called_off(each.content)) for each in booked]
    decided += [(each, programme_end.ended_plan(each.content)) for each in plans]
    return [_change(each, after, effects) for each, after in decided if after is not None]


async def _proposed(whose: tuple[str, str], effects: Effects) -> list[Change]:
    """Propose again what a death had called off; what it held may be another person's by now."""
    found = await find(effects.tx, "Appointment", whose, ("status", "cancelled"))
    decided = [(each, _again(each.content, instant(effects.now))) for each in found]
    return [_change(each, after, effects) for each, after in decided if after is not None]


def _change(found: Found, after: JsonObject, effects: Effects) -> Change:
    return Change(found.key, "PUT", found.version, after, effects.now)


async def _write(policy: Policy, changes: list[Change], patient: Found, effects: Effects) -> None:
    if changes:
        targets = [str(change.key) for change in changes]
        act = Act(targets, (patient.versioned,), instant(effects.now), activity="UPDATE")
        said = Key("Provenance", effects.id_for("plans-end-with-death"))
        said_by = provenance(policy, act)
        await save(effects.tx, [*changes, Change(said, "PUT", None, said_by, effects.now)])


def _called_off(appointment: JsonObject) -> JsonObject | None:
    return appointment | {"status": "cancelled", "cancelationReason": _REASON}


def _again(appointment: JsonObject, now: str) -> JsonObject | None:
    start = appointment.get("start")
    is_ahead = start is not None and date_range(start)[0] > date_range(now)[0]
    if not is_ahead or appointment.get("cancelationReason") != _REASON:
        return None
    rest = {name: value for name, value in appointment.items() if name != "cancelationReason"}
    return rest | {"status": "proposed"}


def concerns(patient: JsonObject) -> bool:
    """Tell whether a write may tell of a death, or take one back."""
    return bool(is_dead(patient) or patient["meta"]["versionId"] != "1")


REACTION: Final = Reaction("person_died", frozenset({"Patient"}), handle, concerns)
