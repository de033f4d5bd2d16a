"""The hours of a care plan, told against each policy, and week by week."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from jiter import LosslessFloat

from services.plan_api.domain.hours_limits import limitations
from shared.care.local_week import weeks_between
from shared.care.weekly_hours import POLICIES, HoursPolicy, is_planned, planned_minutes
from shared.fhir.dates import local_day, moment
from shared.fhir.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime, tzinfo

    from shared.care.hours_ledger import Ledger, Tally
    from shared.fhir.reader import JsonObject

_DAY: Final = len("2026-03-01")
# Two years of weeks are answered at once.
_MOST_WEEKS: Final = 106


@dataclass(frozen=True, slots=True)
class Asked:
    """Which week is looked at, by its day, and which weeks, by their first and last days."""

    day: date
    first: date
    last: date
    policies: Sequence[HoursPolicy]


def day_of(plan: JsonObject, today: date, zone: tzinfo) -> date:
    """Choose the day whose week is looked at: today, but no day before the plan begins."""
    start = plan.get("period", {}).get("start", "")
    # A period may begin in a month or a year, of which no one day is the first that counts.
    return max(today, local_day(start, zone)) if len(start) >= _DAY else today


def asked(
    day: date, given: tuple[str | None, str | None], policies: Sequence[HoursPolicy]
) -> Asked:
    """Understand a period: one of which only one end is given reaches from or to the day.

    :raises Malformed: when it ends before it begins, or is too long.
    """
    start, end = given
    ends = [_whole_day(name, each) for name, each in (("start", start), ("end", end)) if each]
    if start and end:
        first, last = ends
    elif ends:
        first, last = min(day, *ends), max(day, *ends)
    else:
        first = last = day
    if last < first:
        raise Malformed("end must not be before start.")
    if (last - first).days > _MOST_WEEKS * 7:
        raise Malformed(f"$hours answers {_MOST_WEEKS} weeks at once.")
    return Asked(day, _within_calendar(first), _within_calendar(last), policies)


def policies_named(names: Sequence[str], age: int | None) -> list[HoursPolicy]:
    """Choose policies by their names, with or without version; without any, those that apply.

    :raises Malformed: for one that is not known, naming those that are.
    """
    if not names:
        return [each for each in POLICIES if each.applies(age)]
    known = {key: each for each in POLICIES for key in (each.name, each.canonical)}
    unknown = [each for each in names if each not in known]
    if unknown:
        told = ", ".join(each.canonical for each in POLICIES)
        raise Malformed(f"policy must be one of {told}.")
    return list(dict.fromkeys(known[each] for each in names))


def report(ledger: Ledger, asked: Asked, now: datetime) -> JsonObject:
    """Write as Parameters what a plan holds for a week, and each week's ledger, by each policy."""
    return {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "day", "valueDate": asked.day.isoformat()},
            *(_by_policy(ledger, policy, asked, now) for policy in asked.policies),
            *limitations(ledger.plan, ledger.requests),
        ],
    }


def hours(minutes: Fraction) -> LosslessFloat:
    """Write minutes as hours, rounded to hundredths."""
    return LosslessFloat(f"{float(minutes / 60):.2f}".encode())


def result(tally: Tally, policy: HoursPolicy, ledger: Ledger, now: datetime) -> str:
    """Hold a week against a policy; what may still be delivered is `pending`."""
    is_planned_tested = policy.tested == "planned"
    minutes = tally.planned if is_planned_tested else tally.delivered
    verdict = policy.verdict(Fraction(minutes))
    is_over = moment(tally.week.span(ledger.zone)[1]) <= now
    return verdict if is_planned_tested or is_over or verdict != "short" else "pending"


def _by_policy(ledger: Ledger, policy: HoursPolicy, asked: Asked, now: datetime) -> JsonObject:
    period = ledger.plan.get("period")
    minutes = planned_minutes(ledger.requests, policy, asked.day, ledger.zone, period)
    parts: list[JsonObject] = [
        {"name": "name", "valueString": policy.name},
        {"name": "version", "valueString": policy.version},
        {"name": "title", "valueString": policy.title},
        {"name": "source", "valueString": policy.source},
        {"name": "minimum", "valueDecimal": policy.minimum},
        {"name": "planned", "valueDecimal": hours(minutes)},
        {"name": "result", "valueCode": policy.verdict(minutes)},
        {"name": "tested", "valueCode": policy.tested},
    ]
    if policy.maximum is not None:
        parts.append({"name": "maximum", "valueDecimal": policy.maximum})
    for request in ledger.requests:
        if policy.counts(request) and is_planned(request, asked.day, ledger.zone, period):
            counted = {"reference": f"ServiceRequest/{request['id']}"}
            parts.append({"name": "counted", "valueReference": counted})
    return {"name": "policy", "part": [*parts, *_weeks(ledger, policy, asked, now)]}


def _weeks(
    ledger: Ledger, policy: HoursPolicy, asked: Asked, now: datetime
) -> Iterator[JsonObject]:
    short = []
    for week in weeks_between(asked.first, asked.last, policy.week_begins):
        tally = ledger.tally(week, policy)
        verdict = result(tally, policy, ledger, now)
        if verdict == "short":
            short.append({"name": "short", "valueDate": week.first.isoformat()})
        parts = [
            {"name": "start", "valueDate": week.first.isoformat()},
            {"name": "end", "valueDate": week.last.isoformat()},
            {"name": "whole", "valueBoolean": ledger.is_whole(week)},
            {"name": "plannedMinutes", "valueInteger": tally.planned},
            {"name": "scheduledMinutes", "valueInteger": tally.scheduled},
            {"name": "deliveredMinutes", "valueInteger": tally.delivered},
            {"name": "result", "valueCode": verdict},
            *_services(tally, policy),
        ]
        yield {"name": "week", "part": parts}
    yield from short


def _services(tally: Tally, policy: HoursPolicy) -> Iterator[JsonObject]:
    """Tell for each day how many services were delivered, where a payer distinguishes."""
    for day, number in tally.services.items() if policy.services_per_day else ():
        reached = [each for each in policy.services_per_day if number >= each]
        parts: list[JsonObject] = [
            {"name": "date", "valueDate": day.isoformat()},
            {"name": "services", "valueInteger": number},
        ]
        if reached:
            parts.append({"name": "atLeast", "valueInteger": max(reached)})
        yield {"name": "day", "part": parts}


def _within_calendar(day: date) -> date:
    """Leave room for the weeks around a day."""
    return min(max(day, date(2, 1, 1)), date(9998, 1, 1))


def _whole_day(name: str, text: str) -> date:
    if len(text) != _DAY:
        raise Malformed(f"{name} must be a day, such as 2026-03-02.")
    return date.fromisoformat(text)
