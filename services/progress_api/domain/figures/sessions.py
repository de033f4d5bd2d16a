"""Counts sessions: who came, and the hours that were delivered of those planned."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Final

from services.progress_api.domain.figures.figure import Figure, Group, counted
from services.progress_api.domain.figures.people import share
from services.progress_api.domain.figures.policy import HOURS
from shared.care.canonical import code_system
from shared.care.hours_ledger import Ledger
from shared.care.local_week import weeks_between
from shared.care.programme_plan import activity_ids, ids_of
from shared.care.session import is_missed, tells_attendance
from shared.fhir.dates import local_day

if TYPE_CHECKING:
    from services.progress_api.domain.figures.evidence import Evidence
    from services.progress_api.domain.figures.period import Days
    from shared.fhir.reader import JsonObject

_POLICY: Final = code_system("hours-policy")
# A proposal is not planned yet, and what was put in by mistake never was.
_FOLLOWED: Final = frozenset({"active", "on-hold", "completed", "revoked"})


def attendance(evidence: Evidence, days: Days) -> Figure:
    """Count the sessions of the period that are told to have been attended or missed."""
    told = [
        each
        for each in evidence.appointments
        if each.get("basedOn") and tells_attendance(each) and days.holds(each.get("start"))
    ]
    came = [each for each in told if not is_missed(each)]
    group = Group(
        "attendance",
        "Sessions attended or missed, and those attended",
        (counted("denominator", told), counted("numerator", came)),
        {},
        share(len(came), len(told)),
    )
    return Figure("attendance", (group,))


def hours(evidence: Evidence, days: Days) -> Figure:
    """Add up the hours of the weeks that begin in the period, by the programme's policy."""
    delivered = [each for each in evidence.weeks if days.holds(each["effectivePeriod"]["start"])]
    minutes = {each["id"]: _planned(each, evidence, days) for each in evidence.plans}
    planned = [each for each in evidence.plans if minutes[each["id"]]]
    return Figure(
        "hours",
        (
            Group(
                "planned",
                "Hours that the plans in force hold",
                (counted("initial-population", planned),),
                {},
                _hours(Decimal(sum(minutes.values())) / 60),
                "h",
            ),
            Group(
                "delivered",
                "Hours attended",
                (counted("initial-population", delivered),),
                {},
                _hours(sum(map(_delivered, delivered), Decimal(0))),
                "h",
            ),
        ),
    )


def _planned(plan: JsonObject, evidence: Evidence, days: Days) -> int:
    """Count the minutes of a plan for the weeks of the period, until another one replaced it."""
    if plan.get("status") not in _FOLLOWED or plan.get("intent") == "proposal":
        return 0
    ids = activity_ids(plan, evidence.bases)
    requests = [evidence.orders[each] for each in ids if each in evidence.orders]
    ledger = Ledger(plan, requests, evidence.orders, {}, (), days.zone, evidence.bases)
    until = _replaced(plan, evidence, days)
    weeks = [
        week
        for week in weeks_between(days.first, days.last, HOURS.week_begins)
        if days.first <= week.first <= days.last and week.first < until
    ]
    return sum(ledger.tally(week, HOURS).planned for week in weeks)


def _replaced(plan: JsonObject, evidence: Evidence, days: Days) -> date:
    """Give the day on which a plan that is followed in its place begins."""
    starts = [
        local_day(each["period"]["start"], days.zone)
        for each in evidence.plans
        if each.get("status") in _FOLLOWED
        and each.get("intent") != "proposal"
        and "start" in each.get("period", {})
        and plan["id"] in ids_of(each.get("replaces", ()), "CarePlan", evidence.bases)
    ]
    return min(starts, default=date.max)


def _delivered(week: JsonObject) -> Decimal:
    for each in week.get("component", ()):
        codings = each["code"].get("coding", ())
        if any((c.get("system"), c.get("code")) == (_POLICY, HOURS.name) for c in codings):
            return Decimal(str(each["valueQuantity"]["value"]))
    return Decimal(0)


def _hours(number: Decimal) -> Decimal:
    return number.quantize(Decimal("0.01"), ROUND_HALF_UP)
