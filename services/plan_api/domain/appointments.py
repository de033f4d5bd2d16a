"""The appointments of a plan: one for the person and each session, each made only once.

https://hl7.org/fhir/R4/appointment.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.plan_api.domain.cohort import CAPACITY
from services.plan_api.domain.narrative import title_of
from shared.care.appointment import SESSION_SYSTEM
from shared.care.automatic import Policy, derived_id
from shared.care.canonical import code_system
from shared.care.planned_sessions import Session, sessions
from shared.fhir.dates import date_range, instant, moment

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence
    from datetime import datetime, tzinfo

    from shared.fhir.reader import JsonObject

POLICY: Final = Policy(
    "appointments-follow-the-plan", "1.0", "Books and cancels the sessions of a plan"
)
_SERVICE: Final = code_system("service")
_GROUP: Final = "group-session"
_LIVE: Final = frozenset({"draft", "active"})
# What can still be called off; an appointment that took place or was missed stays as it is.
_AHEAD: Final = frozenset({"proposed", "pending", "booked", "waitlist"})
# Of those who may perform an order, who may also be named in an appointment.
_PARTICIPANTS: Final = frozenset({"Practitioner", "PractitionerRole"})
_CANCELLED: Final = "No longer part of the plan"


@dataclass(frozen=True, slots=True)
class Week:
    """Where sessions take place: whose plan, in which cohort of how many, in which zone."""

    plan: JsonObject
    cohort: str
    zone: tzinfo
    places: int = CAPACITY


def wanted(week: Week, requests: Sequence[JsonObject]) -> dict[str, JsonObject]:
    """Write an appointment, by its id, for each session of the activities that go on."""
    return {
        appointment["id"]: appointment
        for request in requests
        if request.get("status") in _LIVE and "occurrenceTiming" in request
        for appointment in _appointments(week, request)
    }


def can_be_called_off(appointment: JsonObject, plan: JsonObject, now: datetime) -> bool:
    """Tell whether an appointment was made for a plan, stands, and is still to come."""
    made_for = {"reference": f"CarePlan/{plan['id']}"}
    stands = appointment.get("status") in _AHEAD and _begins_after(appointment, now)
    return stands and made_for in appointment.get("supportingInformation", ())


def goes_on(appointment: JsonObject, requests: Iterable[JsonObject], zone: tzinfo) -> bool:
    """Tell whether people have moved a session of an activity that goes on: it stays with them."""
    named = [str(each.get("reference")) for each in appointment.get("basedOn", ())]
    live = [f"ServiceRequest/{e['id']}" for e in requests if e.get("status") in _LIVE]
    start = moment(date_range(appointment["start"], zone)[0]).astimezone(zone)
    here = start.replace(tzinfo=None).isoformat()
    made = {derived_id(order, f"session/{here}") for order in named}
    return not set(named).isdisjoint(live) and appointment["id"] not in made


def missing(
    sessions_wanted: Mapping[str, JsonObject], present: Container[str], now: datetime
) -> list[JsonObject]:
    """List what is still to come and was never booked."""
    return [
        each
        for logical_id, each in sessions_wanted.items()
        if logical_id not in present and _begins_after(each, now)
    ]


def of_another_cohort(
    sessions_wanted: Mapping[str, JsonObject], made: Iterable[JsonObject], now: datetime
) -> list[JsonObject]:
    """List what is still to come with another cohort than the one that the person is in now."""
    return [
        sessions_wanted[each["id"]]
        for each in made
        if each.get("status") in _AHEAD and _begins_after(each, now)
        if each.get("identifier") != sessions_wanted[each["id"]].get("identifier")
    ]


def cancelled(appointment: JsonObject) -> JsonObject:
    """Call an appointment off."""
    return appointment | {"status": "cancelled", "cancelationReason": {"text": _CANCELLED}}


def _begins_after(appointment: JsonObject, now: datetime) -> bool:
    start = appointment.get("start")
    return start is not None and date_range(start)[0] > instant(now)


def _appointments(week: Week, request: JsonObject) -> list[JsonObject]:
    met = sessions(request["occurrenceTiming"], week.plan.get("period", {}), week.zone)
    return [_appointment(week, request, session) for session in met]


def _appointment(week: Week, request: JsonObject, session: Session) -> JsonObject:
    plan, order = (f"CarePlan/{week.plan['id']}", f"ServiceRequest/{request['id']}")
    performers = (each for each in request.get("performer", ()) if _can_take_part(each))
    people = [week.plan["subject"], *performers]
    written = {
        "resourceType": "Appointment",
        "id": derived_id(order, f"session/{session.local_start}"),
        "status": "booked",
        "description": title_of(request),
        "start": session.start.isoformat(),
        "end": session.end.isoformat(),
        "minutesDuration": round((session.end - session.start).total_seconds() / 60),
        "basedOn": [{"reference": order}],
        "supportingInformation": [{"reference": plan}],
        "participant": [{"actor": dict(each), "status": "accepted"} for each in people],
    }
    if "code" in request:
        written["serviceType"] = [request["code"]]
    if _is_group(request):
        written["identifier"] = [_session(week, request, session)]
    return written


def _can_take_part(performer: JsonObject) -> bool:
    return str(performer.get("reference")).partition("/")[0] in _PARTICIPANTS


def _session(week: Week, request: JsonObject, session: Session) -> JsonObject:
    """Name the meeting itself, the same for everyone who comes to it."""
    codings = request.get("code", {}).get("coding", ())
    ours = next((each["code"] for each in codings if each.get("system") == _SERVICE), None)
    service = ours or title_of(request)
    value = f"{week.cohort}|{service}|{session.local_start}"
    return {"system": SESSION_SYSTEM, "value": value}


def _is_group(request: JsonObject) -> bool:
    codings = (
        each for concept in request.get("category", ()) for each in concept.get("coding", ())
    )
    return any(each.get("system") == _SERVICE and each.get("code") == _GROUP for each in codings)
