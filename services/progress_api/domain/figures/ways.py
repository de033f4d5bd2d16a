"""Counts ways of care: referrals that come, visits after a discharge, and handoffs that go out."""

from __future__ import annotations

from decimal import Decimal
from statistics import median
from typing import TYPE_CHECKING, Final

from services.progress_api.domain.figures.figure import (
    Figure,
    Group,
    counted,
    divided,
)
from services.progress_api.domain.figures.people import share
from services.progress_api.domain.figures.policy import age_band
from shared.care.canonical import code_system
from shared.fhir.dates import date_range, local_day
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
    found = [each for each in evidence.referrals if _concerns(each, days)]
    waiting = [each for each in found if each["status"] in _OPEN]
    ages = divided(waiting, lambda each: age_band((days.last - _asked_on(each, days)).days))
    group = Group(
        "referrals",
        "Referrals that came in the period or were open at its end",
        (counted("initial-population", found), counted("measure-population", waiting)),
        {"state": divided(found, _state), "age-in-days": ages},
    )
    return Figure("referrals", (group,))


def handoffs(evidence: Evidence, days: Days) -> Figure:
    """Count handoffs, and those that were closed."""
    found = [each for each in evidence.handoffs if _concerns(each, days)]
    closed = [each for each in found if each["status"] == "completed"]
    group = Group(
        "handoffs",
        "Handoffs asked for in the period or open at its end, and those completed",
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
    begun = [each for each in _clocks(evidence, _THIRTY) if days.holds(_window(each)[0])]
    waits = {
        each["id"]: wait for each in begun if (wait := _wait(each, evidence, days)) is not None
    }
    seen = [each for each in begun if each["id"] in waits]
    group = Group(
        "first-visit",
        "Discharges whose 30 days began in the period, and those followed by a visit",
        (counted("initial-population", begun), counted("measure-population", seen)),
        {"days": divided(seen, lambda each: f"{waits[each['id']]:02d}")},
        Decimal(str(median(waits.values()))) if waits else None,
        "d",
    )
    return Figure("first-visit", (group,))


def _concerns(task: JsonObject, days: Days) -> bool:
    """Tell whether a Task was asked for in the period, or before and is open."""
    asked = task.get("authoredOn")
    if task["status"] == "entered-in-error" or asked is None:
        return False
    is_earlier = date_range(asked, days.zone)[0] < days.span[0]
    return days.holds(asked) or (is_earlier and task["status"] in _OPEN)


def _asked_on(task: JsonObject, days: Days) -> date:
    return local_day(task["authoredOn"], days.zone)


def _state(task: JsonObject) -> str:
    codings = task.get("businessStatus", {}).get("coding", ())
    return next((str(each["code"]) for each in codings if "code" in each), str(task["status"]))


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
