"""A person has died: their plans end, and whatever is booked for them is called off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.domain import programme_end
from shared.care.appointment import HOLDING
from shared.care.automatic import Act, Policy, provenance
from shared.care.death import DIED, is_dead
from shared.feed.reaction import Reaction
from shared.server.saving import save
from shared.store.finding import fetch, find
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject

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
    whose = ("patient", str(event.key))
    if patient is None or not is_dead(patient.content):
        return
    if not await find(effects.tx, "EpisodeOfCare", whose):
        return
    booked = await find(effects.tx, "Appointment", whose, ("status", _BOOKED))
    plans = await find(effects.tx, "CarePlan", whose, ("status", _NOT_ENDED))
    decided = [(each, _called_off(each.content)) for each in booked]
    decided += [(each, programme_end.ended_plan(each.content)) for each in plans]
    changes = [
        Change(each.key, "PUT", each.version, after, effects.now)
        for each, after in decided
        if after is not None
    ]
    if changes:
        targets = [str(change.key) for change in changes]
        act = Act(targets, (patient.versioned,), instant(effects.now), activity="UPDATE")
        said = Key("Provenance", effects.id_for("plans-end-with-death"))
        said_by = provenance(POLICY, act)
        await save(effects.tx, [*changes, Change(said, "PUT", None, said_by, effects.now)])


def _called_off(appointment: JsonObject) -> JsonObject | None:
    return appointment | {"status": "cancelled", "cancelationReason": _REASON}


REACTION: Final = Reaction("person_died", frozenset({"Patient"}), handle, is_dead)
