"""Laws of a care plan that comes into force, which hold whoever writes it.

They hold for plans that claim our profile; plans that partners keep for themselves are theirs.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Final

from shared.care import certification, own_plans, plan_signing
from shared.care.law import CareChange, Found, Law, Need
from shared.care.programme_plan import activity_ids, goes_on_again, is_in_force, is_ours
from shared.care.required_hours import required
from shared.care.subject import patient_of
from shared.care.weekly_hours import planned_minutes
from shared.fhir.dates import local_day
from shared.fhir.errors import Issue

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, tzinfo

_STATUS: Final = "CarePlan.status"
_DAY: Final = len("2026-03-01")


def comes_into_force(change: CareChange) -> bool:
    """Tell whether a write makes a plan of ours active that was not, and not by a correction."""
    is_active = is_ours(change.after) and change.after.get("status") == "active"
    if goes_on_again(change):
        return False
    before = change.before or {}
    return is_active and not (is_ours(before) and before.get("status") == "active")


def a_proposal_never_becomes_active(change: CareChange, _found: Found) -> Iterator[Issue]:
    """Refuse a proposal in force, and one that turns into a plan: it is accepted or rejected."""
    if not is_ours(change.after):
        return
    was_proposal = change.before is not None and change.before.get("intent") == "proposal"
    is_proposal = change.after.get("intent") == "proposal"
    if is_proposal and change.after.get("status") == "active":
        yield _refusal("A proposal never becomes active: accept it by $accept-revision.", _STATUS)
    if was_proposal and not is_proposal:
        yield _refusal("A proposal stays one: accept it by $accept-revision.", "CarePlan.intent")


def a_clinician_brings_a_plan_into_force(change: CareChange, _found: Found) -> Iterator[Issue]:
    """Refuse a plan that nobody who may has put in force."""
    if comes_into_force(change) and not (change.caller or "").startswith("Practitioner/"):
        told = "A plan is made active by a Practitioner, named in X-Stepdown-Actor."
        yield Issue("error", "forbidden", told, _STATUS)


def a_plan_in_force_is_of_somebody_in_care(change: CareChange, found: Found) -> Iterator[Issue]:
    """Refuse a plan for a person who has not been admitted."""
    if comes_into_force(change) and not any(found):
        yield _refusal(
            "A plan is made active only while the person has an active EpisodeOfCare.", _STATUS
        )


def a_person_has_one_plan_in_force(change: CareChange, found: Found) -> Iterator[Issue]:
    """Refuse a second plan beside one that is followed."""
    for plan in found[0] if found else ():
        if is_in_force(plan) and plan["id"] != change.after.get("id"):
            yield _refusal(
                f"CarePlan/{plan['id']} is active already; revise it, or end it before.", _STATUS
            )


def a_plan_in_force_holds_its_hours(change: CareChange, found: Found) -> Iterator[Issue]:
    """Refuse a plan that holds less than the programme's hours."""
    if not comes_into_force(change):
        return
    requests, patients = (*found, (), ())[:2]
    day = _day(change)
    asked = required(change.after, next(iter(patients), None), day)
    period = change.after.get("period")
    minutes = planned_minutes(requests, asked, day, _zone(change), period)
    if asked.verdict(minutes) == "short":
        yield _refusal(
            f"The plan holds {float(minutes / 60):g} hours a week that count; {asked.name} "
            f"asks for at least {asked.minimum}.",
            "CarePlan.activity",
        )


def _active_episodes(change: CareChange) -> tuple[Need, ...]:
    return _of_the_person("EpisodeOfCare", change)


def _active_plans(change: CareChange) -> tuple[Need, ...]:
    return _of_the_person("CarePlan", change)


def _of_the_person(resource_type: str, change: CareChange) -> tuple[Need, ...]:
    patient = change.after["subject"].get("reference")
    if patient is None or not comes_into_force(change):
        return ()
    return (Need(resource_type, (("patient", patient), ("status", "active"))),)


def _activities(change: CareChange) -> tuple[Need, ...]:
    ids = activity_ids(change.after, change.bases) if comes_into_force(change) else []
    person = patient_of(change.after, "subject", change.bases)
    if not ids:
        return ()
    orders = Need("ServiceRequest", (("_id", ",".join(ids)),))
    return (orders, Need("Patient", (("_id", person),))) if person else (orders,)


def _day(change: CareChange) -> date:
    """Choose the day whose week counts: today, but no day before the plan begins."""
    start = str(change.after.get("period", {}).get("start", ""))
    today = change.now.date()
    return max(today, local_day(start, _zone(change))) if len(start) >= _DAY else today


def _zone(change: CareChange) -> tzinfo:
    return change.now.tzinfo or UTC


def _refusal(told: str, expression: str) -> Issue:
    return Issue("error", "business-rule", told, expression)


LAWS: Final = (
    Law("CarePlan", a_proposal_never_becomes_active),
    Law("CarePlan", a_clinician_brings_a_plan_into_force),
    Law("CarePlan", a_plan_in_force_is_of_somebody_in_care, _active_episodes),
    Law("CarePlan", a_person_has_one_plan_in_force, _active_plans),
    Law("CarePlan", a_plan_in_force_holds_its_hours, _activities),
    *plan_signing.LAWS,
    *certification.LAWS,
    *own_plans.LAWS,
)
