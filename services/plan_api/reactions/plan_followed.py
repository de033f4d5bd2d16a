"""A plan or one of its activities changed: what is ordered and booked follows the plan.

When a plan comes into force, its goals, its team and its orders do too, and every session to come
is booked; what leaves the plan is called off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api import orders
from services.plan_api.cohorts import cohort_of
from services.plan_api.domain import activation, appointments, slots
from services.plan_api.domain.appointments import Week
from services.plan_api.domain.cohort import CAPACITY
from services.plan_api.episodes import programme_episode, programme_of
from services.plan_api.membership import join
from services.plan_api.scheduling import scheduled
from shared.care.automatic import Act, Policy, provenance
from shared.care.capacity import capacity_of
from shared.care.programme_plan import (
    activity_ids,
    ids_of,
    is_in_force,
    is_of_the_same,
    is_ours,
)
from shared.care.subject import patient_of
from shared.feed.one_person import one_person
from shared.feed.open_episode import has_open_episode
from shared.feed.reaction import Reaction
from shared.server.interactions.update import content_of
from shared.server.saving import save
from shared.store.finding import Found, fetch, find
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.version import Version

_OPEN: Final = "active,planned,waitlist,onhold"
_IN_CARE: Final = "active,onhold"


async def handle(event: Event, effects: Effects) -> None:
    """Let the orders and appointments of a plan follow it."""
    changed = await fetch(effects.tx, event.key)
    if changed is None:
        return
    if event.key.type == "ServiceRequest":
        await _activity_changed(changed, effects)
    elif activation.is_followed(changed.content):
        await follow(changed.content, effects)


async def _activity_changed(request: Found, effects: Effects) -> None:
    found = await find(effects.tx, "CarePlan", ("activity-reference", request.reference))
    plans = [
        each
        for each in found
        if activation.is_followed(each.content)
        and is_of_the_same(each.content, request.content, effects.tx.bases)
    ]
    if plans and all(activation.is_over(plan.content) for plan in plans):
        over = plans[-1].content
        await orders.end(await _requests(over, effects), over, effects)
    for plan in plans:
        if is_in_force(plan.content) and await _is_in_care(plan.content, effects):
            [own] = await orders.standing([request], plan.content, effects.tx)
            if own.content.get("status") == "draft" or orders.goes_on(own):
                standing = await _standing(plan.content, effects)
                await orders.order(standing, plan.content, effects)
            booked = await find(effects.tx, "Appointment", ("based-on", request.reference))
            # This may come before the plan's own event, and sessions are booked in a cohort.
            await join(plan, _patient(plan.content, effects), effects)
            await _book(plan.content, [own], booked, effects)


async def follow(plan: JsonObject, effects: Effects) -> None:
    """Let all that a plan orders and books be as the plan has it now."""
    if activation.is_over(plan):
        await orders.end(await _requests(plan, effects), plan, effects)
        await _book(plan, [], await _booked(plan, effects), effects)
        return
    requests = await _standing(plan, effects)
    if is_in_force(plan) and await _is_in_care(plan, effects):
        await _bring_into_force(plan, effects)
        await orders.order(requests, plan, effects)
        await _book(plan, requests, await _booked(plan, effects), effects)
    else:
        await orders.go_on(requests, plan, effects)


async def _is_in_care(plan: JsonObject, effects: Effects) -> bool:
    patient_id = patient_of(plan, "subject", effects.tx.bases)
    if patient_id is None or not await has_open_episode(effects.tx, patient_id):
        return False
    # Who still waits for the programme takes nobody's place in it.
    person = await one_person(effects.tx, patient_id)
    waits = await programme_episode(effects.tx, person, "planned,waitlist")
    return waits is None or await programme_episode(effects.tx, person, _IN_CARE) is not None


async def _bring_into_force(plan: JsonObject, effects: Effects) -> None:
    """Make the goals and the team active that the plan proposed."""
    bases = effects.tx.bases
    goals = await _all("Goal", ids_of(plan.get("goal", ()), "Goal", bases), effects)
    teams = await _all("CareTeam", ids_of(plan.get("careTeam", ()), "CareTeam", bases), effects)
    changes = [
        Change(each.key, "PUT", each.version, in_force, effects.now)
        for each in (*goals, *teams)
        if (in_force := activation.in_force(each.content)) is not None
    ]
    await _save(changes, activation.POLICY, f"in-force/{plan['id']}", effects)


async def _book(
    plan: JsonObject, requests: Sequence[Found], booked: Sequence[Found], effects: Effects
) -> None:
    """Book what is to come and never was, and call off what is no longer part of the plan."""
    ordered = [each.content for each in requests]
    week = await _week(plan, effects)
    wanted = appointments.wanted(week, ordered)
    # What people deleted stands as a deletion, and is not booked again.
    known = await effects.tx.read_many("Appointment", wanted.keys())
    present = {key.id for key in known}
    now = effects.now
    fresh = appointments.missing(wanted, present, now)
    fresh += appointments.of_another_cohort(wanted, _untouched(known), now)
    gone = [
        Change(each.key, "PUT", each.version, appointments.cancelled(each.content), now)
        for each in booked
        if each.key.id not in wanted and appointments.can_be_called_off(each.content, plan, now)
        if not appointments.goes_on(each.content, ordered, effects.tx.zone)
    ]
    # First, so that what takes its place finds room.
    await _save(gone, appointments.POLICY, f"cancelled/{plan['id']}", effects)
    found = await scheduled(effects.tx, fresh, week.places)
    published = [_change(each, effects, version) for version, each in found.published]
    await _save(published, slots.POLICY, f"published/{plan['id']}", effects)
    made = [
        _change(each, effects, known.get(Key("Appointment", each["id"])))
        for each in found.appointments
    ]
    await _save(made, appointments.POLICY, f"booked/{plan['id']}", effects)


def _untouched(known: Mapping[Key, Version]) -> list[JsonObject]:
    """Give the appointments that nobody has changed since they were made."""
    told = (content_of(each) for each in known.values() if each.number == 1)
    return [each for each in told if each is not None]


def _change(written: JsonObject, effects: Effects, before: Version | None = None) -> Change:
    key = Key(written["resourceType"], written["id"])
    return Change(key, "PUT", before, written, effects.now)


async def _week(plan: JsonObject, effects: Effects) -> Week:
    person = await one_person(effects.tx, str(patient_of(plan, "subject", effects.tx.bases)))
    programme = programme_of(await programme_episode(effects.tx, person, _OPEN))
    cohort, group = await cohort_of(effects.tx, programme, person)
    places = capacity_of(group or {}) or CAPACITY
    return Week(plan, cohort.name, effects.tx.zone, places)


def _patient(plan: JsonObject, effects: Effects) -> str:
    return f"Patient/{patient_of(plan, 'subject', effects.tx.bases)}"


async def _booked(plan: JsonObject, effects: Effects) -> list[Found]:
    return await find(effects.tx, "Appointment", ("supporting-info", f"CarePlan/{plan['id']}"))


async def _requests(plan: JsonObject, effects: Effects) -> list[Found]:
    found = await _all("ServiceRequest", activity_ids(plan, effects.tx.bases), effects)
    return [each for each in found if is_of_the_same(plan, each.content, effects.tx.bases)]


async def _standing(plan: JsonObject, effects: Effects) -> list[Found]:
    return await orders.standing(await _requests(plan, effects), plan, effects.tx)


async def _all(resource_type: str, ids: Iterable[str], effects: Effects) -> list[Found]:
    found = [await fetch(effects.tx, Key(resource_type, each)) for each in ids]
    return [each for each in found if each is not None]


async def _save(changes: Sequence[Change], policy: Policy, purpose: str, effects: Effects) -> None:
    if not changes:
        return
    act = Act(
        targets=[str(change.key) for change in changes],
        sources=[orders.occasion(effects)],
        recorded=instant(effects.now),
        activity="CREATE" if changes[0].before is None else "UPDATE",
    )
    said = Key("Provenance", effects.id_for(purpose))
    said_by = provenance(policy, act)
    await save(effects.tx, [*changes, Change(said, "PUT", None, said_by, effects.now)])


def _concerns(content: JsonObject) -> bool:
    return content["resourceType"] == "ServiceRequest" or is_ours(content)


REACTION: Final = Reaction(
    "plan_followed", frozenset({"CarePlan", "ServiceRequest"}), handle, _concerns
)
