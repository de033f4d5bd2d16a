"""The minutes that plans hold for some weeks: while people followed them, by the hours' policy."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from services.progress_api.domain.figures.evidence import stays
from services.progress_api.domain.figures.policy import HOURS
from shared.care.hours_ledger import Ledger
from shared.care.programme_plan import activity_ids, ids_of
from shared.care.session import orders_of, tells_attendance
from shared.fhir.dates import MAX_TIME, MIN_TIME, date_range, local_day, moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.progress_api.domain.figures.evidence import Evidence
    from services.progress_api.domain.figures.period import Days
    from shared.care.local_week import LocalWeek
    from shared.fhir.dates import Range
    from shared.fhir.reader import JsonObject

# A proposal is not planned yet, and what was put in by mistake never was.
_FOLLOWED: Final = frozenset({"active", "on-hold", "completed", "revoked"})


def planned(evidence: Evidence, days: Days, weeks: Sequence[LocalWeek]) -> dict[str, int]:
    """Count the minutes of each plan that holds some, until its person left or had another."""
    followed = [each for each in evidence.plans if _is_followed(each)]
    held, replaced = _held(evidence), _replaced(followed, evidence, days)
    here = stays(evidence.episodes, evidence, days.zone)
    minutes = {}
    for plan in followed:
        left = _left(plan, here.get(evidence.person(plan, "subject"), ()), days)
        last = min(left, replaced.get(plan["id"], date.max))
        ledger = _ledger(plan, last, held, evidence, days)
        minutes[plan["id"]] = sum(ledger.tally(week, HOURS).planned for week in weeks)
    return {plan_id: number for plan_id, number in minutes.items() if number}


def _ledger(plan: JsonObject, last: date, held: set[str], evidence: Evidence, days: Days) -> Ledger:
    named = activity_ids(plan, evidence.bases)
    requests = [_as_held(evidence.orders[e], held) for e in named if e in evidence.orders]
    running = plan | {"period": _until(plan.get("period", {}), last, days)}
    return Ledger(running, requests, {}, {}, (), days.zone, evidence.bases)


def _is_followed(plan: JsonObject) -> bool:
    return plan.get("status") in _FOLLOWED and plan.get("intent") != "proposal"


def _held(evidence: Evidence) -> set[str]:
    """Name the orders of which sessions were held, whether somebody came or not."""
    told = [each for each in evidence.appointments if tells_attendance(each)]
    return {i for each in told for i in orders_of(each, evidence.bases)}


def _as_held(order: JsonObject, held: set[str]) -> JsonObject:
    """Take an order that was revoked with its plan, after sessions were held, as one that ended."""
    is_ended = order.get("status") == "revoked" and order["id"] in held
    return order | {"status": "completed"} if is_ended else order


def _left(plan: JsonObject, here: Sequence[Range], days: Days) -> date:
    """Give the last day of the first stay of its person that goes on after a plan began."""
    start = plan.get("period", {}).get("start")
    begun = MIN_TIME if start is None else date_range(start, days.zone)[0]
    left = min((high for _, high in here if high > begun), default=MAX_TIME)
    return date.max if left == MAX_TIME else moment(left - 1).astimezone(days.zone).date()


def _until(period: JsonObject, last: date, days: Days) -> JsonObject:
    """End a period on a day, where it does not end before."""
    told = period.get("end")
    if last == date.max or (told and local_day(told, days.zone, last=True) <= last):
        return period
    return period | {"end": last.isoformat()}


def _replaced(plans: Sequence[JsonObject], evidence: Evidence, days: Days) -> dict[str, date]:
    """Give the day before another plan begins, by the id of the plan that it replaces."""
    found: dict[str, date] = {}
    for each in plans:
        if "start" in each.get("period", {}):
            eve = local_day(each["period"]["start"], days.zone) - timedelta(days=1)
            for old in ids_of(each.get("replaces", ()), "CarePlan", evidence.bases):
                found[old] = min(eve, found.get(old, date.max))
    return found
