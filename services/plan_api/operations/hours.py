"""`CarePlan/[id]/$hours`: the hours planned, scheduled and delivered, by each policy about them.

An operation of ours; it answers Parameters and changes nothing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from services.plan_api.domain.hours import asked, day_of, policies_named, report
from shared.care.hours_ledger import Ledger
from shared.care.programme_plan import activity_ids
from shared.care.required_hours import age_on
from shared.care.session import appointments_of, orders_of
from shared.care.subject import patient_of
from shared.feed.one_person import person_in
from shared.fhir.errors import NotFound
from shared.fhir.writer import write
from shared.server.definition import Operation, Parameter
from shared.server.interactions.update import content_of
from shared.server.request import FhirResponse
from shared.store.finding import fetch, find
from shared.store.version import Key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from services.plan_api.domain.hours import Asked
    from shared.fhir.reader import JsonObject
    from shared.server.call import Call
    from shared.store.reading import Reading

# Weeks may begin on any day, and a session on the day before; zones differ by less than a day.
_AROUND: Final = timedelta(days=8)


async def hours(reading: Reading, call: Call) -> FhirResponse:
    """Count the weeks that are asked for, or that of today or of the plan's first day.

    :raises NotFound: when there is no such plan.
    :raises Malformed: for a period or policy that cannot be.
    """
    key = Key("CarePlan", str(call.request.id))
    plan = await fetch(reading, key)
    if plan is None:
        raise NotFound(f"There is no {key} here.")
    context, inputs = call.context, call.inputs
    today = context.now.astimezone(context.zone).date()
    day = day_of(plan.content, today, context.zone)
    patient_id = patient_of(plan.content, "subject", context.bases)
    patient = await fetch(reading, Key("Patient", patient_id)) if patient_id else None
    age = age_on(day, patient.content if patient else None)
    policies = policies_named(inputs.many("policy"), age)
    weeks = asked(day, (inputs.one("start"), inputs.one("end")), policies)
    ledger = await _ledger(reading, plan.content, weeks, call)
    return FhirResponse(200, write(report(ledger, weeks, context.now)))


async def _ledger(reading: Reading, plan: JsonObject, weeks: Asked, call: Call) -> Ledger:
    """Read what was booked and attended of a plan in some weeks."""
    bases, zone = call.context.bases, call.context.zone
    held = await _contents(reading, "ServiceRequest", activity_ids(plan, bases))
    asked = (
        await _whose(plan, reading, bases),
        ("date", f"ge{(weeks.first - _AROUND).isoformat()}"),
        ("date", f"le{(weeks.last + _AROUND).isoformat()}"),
    )
    booked = await find(reading, "Appointment", *asked)
    seen = await find(reading, "Encounter", *asked, ("class", "AMB,VR"), ("status", "finished"))
    encounters = [each.content for each in seen]
    appointments = {each.key.id: each.content for each in booked}
    kept = {each for told in encounters for each in appointments_of(told, bases)}
    appointments |= await _contents(reading, "Appointment", kept - appointments.keys())
    ours = {"reference": f"CarePlan/{plan['id']}"}
    made = [e for e in appointments.values() if ours in e.get("supportingInformation", ())]
    # What the plan held before it was revised is still known by what was booked for it.
    earlier = {each for told in made for each in orders_of(told, bases)} - held.keys()
    orders = held | await _contents(reading, "ServiceRequest", earlier)
    return Ledger(plan, list(held.values()), orders, appointments, encounters, zone, bases)


async def _whose(plan: JsonObject, reading: Reading, bases: tuple[str, ...]) -> tuple[str, str]:
    """Search for what is about the person of a plan, under whichever of their Patients."""
    patient_id = patient_of(plan, "subject", bases)
    if patient_id is None:
        return "patient", "Patient/None"
    return (await person_in(reading, patient_id, bases)).criterion


async def _contents(reading: Reading, name: str, ids: Iterable[str]) -> dict[str, JsonObject]:
    versions = await reading.read_many(name, list(ids))
    contents = ((key.id, content_of(version)) for key, version in versions.items())
    return {logical_id: content for logical_id, content in contents if content is not None}


HOURS: Final = Operation(
    code="hours",
    level="instance",
    types=("CarePlan",),
    handle=hours,
    opens="snapshot",
    affects_state=False,
    description="Tell the hours that a plan holds, and those planned, scheduled and delivered in "
    "each week, by each policy about them.",
    parameters=(
        Parameter("start", "in", "date", "The first day; its whole week is counted."),
        Parameter("end", "in", "date", "The last day; its whole week is counted."),
        Parameter(
            "policy",
            "in",
            "string",
            "The policies, by name with or without version; those about the person's age and the "
            "programme where none is named.",
            max=None,
        ),
        Parameter("day", "out", "date", "The day whose regular week is held.", min=1),
        Parameter(
            "policy",
            "out",
            "BackboneElement",
            "Name, version, source, minimum and maximum of a policy, the hours that the plan holds "
            "for a regular week, and whether it is met, short or over; then each week with its "
            "minutes, and the first days of those that are short.",
            max=None,
        ),
        Parameter(
            "limitation",
            "out",
            "BackboneElement",
            "An order, or an activity of the plan, that is not counted session by session: whether "
            "it is counted by its mean or not at all, why, and which elements of its timing have "
            "no effect.",
            max=None,
        ),
    ),
)
