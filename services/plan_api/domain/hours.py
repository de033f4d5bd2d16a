"""The planned hours of a care plan, told against each policy."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from jiter import LosslessFloat

from shared.care.weekly_hours import POLICIES, HoursPolicy, is_planned, planned_minutes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from shared.fhir.reader import JsonObject

_FIRST_DAY: Final = slice(10)


def day_of(plan: JsonObject, today: date) -> date:
    """Choose the day whose week is looked at: today, but no day before the plan begins."""
    start = plan.get("period", {}).get("start", "")[_FIRST_DAY]
    # A period may begin in a month or a year, of which no one day is the first that counts.
    return max(today, date.fromisoformat(start)) if len(start) == 10 else today


def report(requests: Sequence[JsonObject], day: date) -> JsonObject:
    """Write as Parameters what a plan's requests hold for a week, by each policy."""
    return {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "day", "valueDate": day.isoformat()},
            *(_by_policy(requests, policy, day) for policy in POLICIES),
        ],
    }


def hours(minutes: Fraction) -> LosslessFloat:
    """Write minutes as hours, rounded to hundredths."""
    return LosslessFloat(f"{float(minutes / 60):.2f}".encode())


def _by_policy(requests: Sequence[JsonObject], policy: HoursPolicy, day: date) -> JsonObject:
    minutes = planned_minutes(requests, policy, day)
    parts: list[JsonObject] = [
        {"name": "name", "valueString": policy.name},
        {"name": "version", "valueString": policy.version},
        {"name": "title", "valueString": policy.title},
        {"name": "source", "valueString": policy.source},
        {"name": "minimum", "valueDecimal": policy.minimum},
        {"name": "planned", "valueDecimal": hours(minutes)},
        {"name": "result", "valueCode": policy.verdict(minutes)},
    ]
    if policy.maximum is not None:
        parts.append({"name": "maximum", "valueDecimal": policy.maximum})
    for request in requests:
        if policy.counts(request) and is_planned(request, day):
            counted = {"reference": f"ServiceRequest/{request['id']}"}
            parts.append({"name": "counted", "valueReference": counted})
    return {"name": "policy", "part": parts}
