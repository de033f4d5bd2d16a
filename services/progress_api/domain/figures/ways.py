"""Counts ways of care: referrals that come, visits after a discharge, and handoffs that go out."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from statistics import median
from typing import TYPE_CHECKING, Final

from services.progress_api.domain.figures.figure import (
    Figure,
    Group,
    counted,
    divided,
)
from services.progress_api.domain.figures.policy import age_band
from services.progress_api.domain.figures.share import share
from shared.care.canonical import code_system
from shared.care.programme_plan import ids_of
from shared.fhir.dates import local_day
from shared.fhir.references import parse_reference

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from services.progress_api.domain.figures.evidence import Evidence
    from services.progress_api.domain.figures.period import Days
    from shared.fhir.reader import JsonObject

_CLOCK: Final = code_system("clock")
_OPEN: Final = frozenset(
    {"draft", "requested", "received", "accepted", "ready", "in-progress", "on-hold"}
)
_WITHDRAWN: Final = frozenset({"cancelled", "entered-in-error", "rejected"})
_SEVEN, _THIRTY = "follow-up-7d", "follow-up-30d"


def referrals(evidence: Evidence, days: Days) -> Figure:
    """Count referrals by state, and the open ones by age at the end of the period."""
    asked = {each["id"]: _asked_on(each, evidence, days) for each in evidence.referrals}
    found = [each for each in evidence.referrals if _concerns(each, asked[each["id"]], days)]
    waiting = [each for each in found if each["status"] in _OPEN]
    ages = divided(waiting, lambda each: age_band((days.last - asked[each["id"]]).days))
    group = Group(
        "referrals",
        "Referrals that came in the period, or before and are open",
        (counted("initial-population", found), counted("measure-population", waiting)),
        {"state": divided(found, _state), "age-in-days": ages},
    )
    return Figure("referrals", (group,))


def handoffs(evidence: Evidence, days: Days) -> Figure:
    """Count handoffs, and those that were closed."""
    asked = {each["id"]: _asked_on(each, evidence, days) for each in evidence.handoffs}
    found = [each for each in evidence.handoffs if _concerns(each, asked[each["id"]], days)]
    closed = [each for each in found if each["status"] == "completed"]
    group = Group(
        "handoffs",
        "Handoffs asked for in the period, or before and open, and those completed",
        (counted("denominator", found), counted("numerator", closed)),
        {"state": divided(found, _state)},
        share(len(closed), len(found)),
    )
    return Figure("handoffs", (group,))


def follow_up(evidence: Evidence, days: Days) -> Figure:
    """Count the follow-up clocks that ran out in the period, and those that were satisfied."""
    groups = []
    for code, number in ((_SEVEN, 7), (_THIRTY, 30)):
        due = [each for each in _clocks(evidence, code) if days.holds(_window(each)[1])]
        met = [each for each in due if each["status"] == "completed"]
        groups.append(
            Group(
                code,
                f"Seen within {number} days after a discharge",
                (counted("denominator", due), counted("numerator", met)),
                {},
                share(len(met), len(due)),
            )
        )
    return Figure("follow-up", tuple(groups))


def first_visit(evidence: Evidence, days: Days) -> Figure:
    """Count the days from each discharge of the period to the visit that satisfied its clock."""
    begun = [each for each in _clocks(evidence, _THIRTY) if _began_in(each, days)]
    waits = {
        each["id"]: wait for each in begun if (wait := _wait(each, evidence, days)) is not None
    }
    seen = [each for each in begun if each["id"] in waits]
    group = Group(
        "first-visit",
        "Discharges of the period, and those followed by a visit",
        (counted("initial-population", begun), counted("measure-population", seen)),
        {"days": divided(seen, lambda each: f"{waits[each['id']]:02d}")},
        Decimal(str(median(waits.values()))) if waits else None,
        "d",
    )
    return Figure("first-visit", (group,))


def _concerns(task: JsonObject, asked: date, days: Days) -> bool:
    """Tell whether a Task was asked for in the period, or before and is open."""
    if task["status"] == "entered-in-error":
        return False
    is_earlier = asked < days.first
    return days.first <= asked <= days.last or (is_earlier and task["status"] in _OPEN)


def _asked_on(task: JsonObject, evidence: Evidence, days: Days) -> date:
    """Give the day on which something was asked for, as the Task, the order or the record tells."""
    orders = ids_of([task.get("focus", {})], "ServiceRequest", evidence.bases)
    told = [task, *(evidence.orders[each] for each in orders if each in evidence.orders)]
    asked = next((each["authoredOn"] for each in told if "authoredOn" in each), None)
    return local_day(asked or task["meta"]["lastUpdated"], days.zone)


def _state(task: JsonObject) -> str:
    """Name where a Task stands; that it is late is no state."""
    codings = task.get("businessStatus", {}).get("coding", ())
    told = (each for each in codings if "code" in each and each.get("system") != _CLOCK)
    return next((str(each["code"]) for each in told), str(task["status"]))


def _clocks(evidence: Evidence, code: str) -> list[JsonObject]:
    return [
        each
        for each in evidence.clocks
        if each["status"] not in _WITHDRAWN and _is_clock(each, code)
    ]


def _is_clock(task: JsonObject, code: str) -> bool:
    codings = task.get("code", {}).get("coding", ())
    return any((each.get("system"), each.get("code")) == (_CLOCK, code) for each in codings)


def _window(clock: JsonObject) -> tuple[str | None, str | None]:
    period = clock.get("restriction", {}).get("period", {})
    return period.get("start"), period.get("end")


def _began_in(clock: JsonObject, days: Days) -> bool:
    """Tell whether the discharge, the day before the window, was in the period."""
    first = _window(clock)[0]
    return first is not None and (
        days.first <= local_day(first, days.zone) - timedelta(days=1) <= days.last
    )


def _wait(clock: JsonObject, evidence: Evidence, days: Days) -> int | None:
    """Count the days from the discharge, the day before the window, to the visit."""
    first, visit = _window(clock)[0], _visit(clock.get("output", ()), evidence)
    begun = (visit or {}).get("period", {}).get("start")
    if first is None or begun is None:
        return None
    return (local_day(begun, days.zone) - local_day(first, days.zone)).days + 1


def _visit(outputs: Sequence[JsonObject], evidence: Evidence) -> JsonObject | None:
    for each in outputs:
        link = parse_reference(each.get("valueReference", {}).get("reference", ""), evidence.bases)
        if link.type == "Encounter" and str(link.id) in evidence.encounters:
            return evidence.encounters[str(link.id)]
    return None
