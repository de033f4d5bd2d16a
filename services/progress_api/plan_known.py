"""Reads from the record what a plan in force is compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.domain.disagreement.comparing import Known
from services.progress_api.domain.disagreement.policy import TOLD
from services.progress_api.domain.measures.choosing import (
    Ground,
    Person,
    born,
    is_ground,
    questionnaires,
)
from shared.care import session
from shared.care.programme_plan import activity_ids, ids_of, is_in_force, is_of_the_same
from shared.fhir.dates import moment
from shared.server.interactions.update import content_of
from shared.store.finding import fetch, find
from shared.store.version import Key, instant

if TYPE_CHECKING:
    from datetime import datetime

    from services.progress_api.domain.attendance.week import Week
    from shared.feed.effects import Effects
    from shared.feed.one_person import OnePerson
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.transaction import Transaction

_MANY: Final = 1000


async def known_of(plan: Found, person: OnePerson, week: Week, effects: Effects) -> Known:
    """Gather a plan and what the record holds about its person."""
    tx, content = effects.tx, plan.content
    since = await _in_force_since(plan, tx)
    orders = await _named(activity_ids(content, tx.bases), "ServiceRequest", tx)
    goals = await _named(ids_of(content.get("goal", ()), "Goal", tx.bases), "Goal", tx)
    activities = [each.get("reference", {}) for each in content.get("activity", ())]
    prescribed = ids_of(activities, "MedicationRequest", tx.bases)
    medications = [
        each.content
        for kind in ("MedicationRequest", "MedicationStatement")
        for each in await find(tx, kind, person.criterion)
    ]
    known = {f"MedicationRequest/{each['id']}": each for each in medications}
    return Known(
        plan=content,
        orders=[each for each in orders if is_of_the_same(content, each, tx.bases)],
        goals=goals,
        prescribed={ref: known.get(ref) for ref in map("MedicationRequest/{}".format, prescribed)},
        medications=medications,
        asked=await _asked(person, effects),
        held=await _held(person, week, tx),
        week=week if since <= moment(week.span(tx.zone)[0]) else None,
        zone=tx.zone,
    )


async def _in_force_since(plan: Found, tx: Transaction) -> datetime:
    """Give the moment since which a plan is in force, as far as the record knows."""
    since = plan.version.updated
    for version in await tx.history(plan.key, before=None, limit=_MANY):
        told = content_of(version)
        if told is None or not is_in_force(told):
            break
        since = version.updated
    return since


async def _asked(person: OnePerson, effects: Effects) -> frozenset[str]:
    """Name the questionnaires that are asked of a person now."""
    tx = effects.tx
    patient = await fetch(tx, Key("Patient", person.survivor))
    grounds = [
        Ground(each.content, effects.now)
        for kind in ("CarePlan", "Condition")
        for each in await find(tx, kind, person.criterion)
        if is_ground(each.content)
    ]
    told = Person(born(patient.content if patient else None, tx.zone), tuple(grounds))
    return questionnaires(told, effects.now.astimezone(tx.zone).date())


async def _held(person: OnePerson, week: Week, tx: Transaction) -> frozenset[str]:
    """Name the orders for which anything was booked or held in a week."""
    low, high = (instant(moment(each)) for each in week.span(tx.zone))
    within = ("date", f"ge{low}"), ("date", f"lt{high}")
    status = ("status", ",".join(TOLD["booked"]))
    booked = await find(tx, "Appointment", person.criterion, *within, status)
    finished = ("class", "AMB,VR"), ("status", "finished")
    came = await find(tx, "Encounter", person.criterion, *within, *finished)
    kept = {a for each in came for a in session.appointments_of(each.content, tx.bases)}
    told = [
        *(each.content for each in (*booked, *came)),
        *await _named(sorted(kept), "Appointment", tx),
    ]
    return frozenset(order for each in told for order in session.orders_of(each, tx.bases))


async def _named(ids: list[str], kind: str, tx: Transaction) -> list[JsonObject]:
    versions = await tx.read_many(kind, ids)
    contents = (content_of(each) for each in versions.values())
    return [each for each in contents if each is not None]
