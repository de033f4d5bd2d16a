"""A session was attended or missed: the hours of its weeks are counted again.

A week's Observations are made of all that the record holds now, so the order in which Encounters
and Appointments come makes no difference, nor does a repetition.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.domain.attendance import observations
from services.progress_api.domain.attendance.observations import PersonsWeek, Visit
from services.progress_api.domain.attendance.policy import LONGEST_VISIT, POLICY
from services.progress_api.domain.attendance.week import Week, weeks_of
from shared.care import session
from shared.care.automatic import Act, derived_id, provenance
from shared.care.subject import patient_of
from shared.feed.open_episode import has_open_episode
from shared.feed.reaction import Reaction
from shared.fhir.dates import moment
from shared.server.interactions.update import content_of
from shared.server.saving import save
from shared.store.finding import find
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.feed.reaction import DueTimer, Event
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.transaction import Transaction

_CLOSES: Final = "week_closes"


async def handle(event: Event, effects: Effects) -> None:
    """Count the weeks that this version and the one before it touch."""
    tx = effects.tx
    after = content_of(await tx.read_version(event.key, event.version))
    before = content_of(await tx.read_version(event.key, event.version - 1))
    touched = {each for told in (before, after) if told for each in await _touched(told, tx)}
    for patient_id in sorted({patient_id for patient_id, _ in touched}):
        if await has_open_episode(tx, patient_id):
            weeks = sorted(week for each, week in touched if each == patient_id)
            await _count(patient_id, weeks, effects)


async def close_week(timer: DueTimer, effects: Effects) -> None:
    """Count a week for the last time, unless more is learnt of it."""
    week = Week.closing(timer.due, effects.tx.zone)
    await _count(timer.key.id, [week], effects)


async def _touched(told: JsonObject, tx: Transaction) -> set[tuple[str, Week]]:
    """Name the persons' weeks that a version of an Encounter or Appointment touches."""
    if told["resourceType"] == "Encounter":
        patient_id = patient_of(told, "subject", tx.bases)
        appointments = await _appointments([told], tx)
        spans = session.attended(told, appointments, _counting(tx))
    else:
        patient_id = session.patient_of_appointment(told, tx.bases)
        span = session.scheduled(told, tx.zone) if session.tells_attendance(told) else None
        spans = [] if span is None else [span]
    return {(patient_id, week) for week in weeks_of(spans, tx.zone)} if patient_id else set()


async def _count(patient_id: str, weeks: list[Week], effects: Effects) -> None:
    tx = effects.tx
    # A person's years are not read again for each session.
    low, high = weeks[0].span(tx.zone)[0], weeks[-1].span(tx.zone)[1]
    within = ("date", f"ge{instant(moment(low))}"), ("date", f"lt{instant(moment(high))}")
    asked = (("patient", f"Patient/{patient_id}"), *within)
    visits = await _visits(asked, tx)
    missed = [
        (each, session.scheduled(each.content, tx.zone))
        for each in await find(tx, "Appointment", *asked, ("status", "noshow"))
    ]
    for week in weeks:
        whose = PersonsWeek(patient_id, week, effects.now >= week.closes(tx.zone))
        came = [(each, v) for each, v in visits if week in weeks_of(v.spans, tx.zone)]
        not_come = [each for each, span in missed if span and Week.at(span[0], tx.zone) == week]
        hours = observations.delivered_hours(whose, [visit for _, visit in came], tx.zone)
        await _write(hours, [each for each, _ in came], effects)
        await _write(observations.missed_sessions(whose, len(not_come)), not_come, effects)
        if not whose.is_closed:
            timer_id = f"attendance/{patient_id}/{week.first}"
            patient_key = Key("Patient", patient_id)
            await effects.set_timer(timer_id, week.closes(tx.zone), _CLOSES, patient_key)


async def _visits(asked: tuple[tuple[str, str], ...], tx: Transaction) -> list[tuple[Found, Visit]]:
    """Find the sessions that were attended, with their times and orders."""
    found = await find(tx, "Encounter", *asked, ("class", "AMB,VR"), ("status", "finished"))
    appointments = await _appointments([each.content for each in found], tx)
    told = (*(each.content for each in found), *appointments.values())
    ids = {logical_id for each in told for logical_id in session.orders_of(each, tx.bases)}
    orders = await _contents("ServiceRequest", ids, tx)
    visits = []
    for each in found:
        kept = [appointments.get(a, {}) for a in session.appointments_of(each.content, tx.bases)]
        named = [o for told in (each.content, *kept) for o in session.orders_of(told, tx.bases)]
        spans = session.attended(each.content, appointments, _counting(tx))
        visits.append((each, Visit(spans, [orders[o] for o in named if o in orders])))
    return visits


def _counting(tx: Transaction) -> session.Counting:
    return session.Counting(tx.bases, tx.zone, LONGEST_VISIT)


async def _appointments(encounters: list[JsonObject], tx: Transaction) -> dict[str, JsonObject]:
    ids = {each for told in encounters for each in session.appointments_of(told, tx.bases)}
    return await _contents("Appointment", ids, tx)


async def _contents(name: str, ids: set[str], tx: Transaction) -> dict[str, JsonObject]:
    versions = await tx.read_many(name, sorted(ids))
    contents = ((key.id, content_of(version)) for key, version in versions.items())
    return {logical_id: content for logical_id, content in contents if content is not None}


async def _write(counted: JsonObject, sources: list[Found], effects: Effects) -> None:
    key = Key("Observation", counted["id"])
    version = await effects.tx.read(key)
    if version is not None and version.deleted:
        return  # people have deleted it, and it does not come back
    after = observations.next_version(content_of(version), counted)
    if after is None:
        return
    # One Provenance for each count, whose versions tell how it grew: how many Encounters came
    # before it was counted makes no difference to what stands in the end.
    said = Key("Provenance", derived_id(str(key), "counted"))
    said_before = await effects.tx.read(said)
    act = Act(
        targets=[str(key)],
        sources=[each.versioned for each in sources],
        recorded=instant(effects.now),
        activity="UPDATE" if version else "CREATE",
    )
    changes = [
        Change(key, "PUT", version, after, effects.now),
        Change(said, "PUT", said_before, provenance(POLICY, act), effects.now),
    ]
    await save(effects.tx, changes)


REACTION: Final = Reaction(
    "attendance",
    frozenset({"Encounter", "Appointment"}),
    handle,
    concerns=session.may_change_a_week,
)
TIMERS: Final = {_CLOSES: close_week}
