"""Compares a plan in force with the record: sessions, medication, and the measures of goals."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from services.progress_api.domain.disagreement.policy import TOLD
from shared.care.canonical import CANONICAL
from shared.care.instruments.registry import score_of
from shared.care.timing import weekly_minutes
from shared.care.weekly_hours import is_planned

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import tzinfo

    from services.progress_api.domain.attendance.week import Week
    from shared.fhir.reader import JsonObject

_OVER: Final = frozenset({"cancelled", "completed", "stopped", "entered-in-error"})


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One disagreement: its kind, what in the plan it is about, what else it cites, and why."""

    kind: str
    about: str
    cited: tuple[str, ...]
    detail: str


@dataclass(frozen=True, slots=True)
class Known:
    """A plan with its orders and goals, and what the record holds about its person.

    `prescribed` are the plan's MedicationRequests by reference, None where one is not there;
    `medications` all orders and statements of the person; `asked` the questionnaires asked of
    them; `held` for which orders something was booked or held in `week`, the last one that is
    written down, None where the plan was not in force all through it; `zone` that of its days.
    """

    plan: JsonObject
    orders: Sequence[JsonObject]
    goals: Sequence[JsonObject]
    prescribed: Mapping[str, JsonObject | None]
    medications: Sequence[JsonObject]
    asked: frozenset[str]
    held: frozenset[str]
    week: Week | None
    zone: tzinfo


def disagreements(known: Known) -> list[Disagreement]:
    """List what the plan says and the record does not."""
    return [*_not_booked(known), *_not_recorded(known), *_not_measured(known)]


def _not_booked(known: Known) -> Iterator[Disagreement]:
    week = known.week
    if week is None:
        return
    for order in known.orders:
        if order["id"] in known.held or not _is_weekly(order, known, week):
            continue
        name = order.get("code", {}).get("text", "A session")
        told = f"{name} is planned each week; from {week.first} to {week.last} none was booked or"
        yield Disagreement("session-not-booked", _reference(order), (), f"{told} held.")


def _is_weekly(order: JsonObject, known: Known, week: Week) -> bool:
    """Tell whether an order asks for a session in each week, and did all through this one."""
    period, days = known.plan.get("period", {}), (week.first, week.last)
    if not all(is_planned(order, day, known.zone, period) for day in days):
        return False
    repeat = order["occurrenceTiming"].get("repeat", {})
    every = {"d": 1, "wk": 7}.get(repeat.get("periodUnit", ""), 0)
    between = Fraction(str(repeat.get("period", 1))) * every
    return 0 < between <= 7 and weekly_minutes(order["occurrenceTiming"]) > 0


def _not_recorded(known: Known) -> Iterator[Disagreement]:
    for reference, order in known.prescribed.items():
        if order is None or order.get("status") not in TOLD["prescribed"]:
            said = "is not there" if order is None else f"is {order.get('status')}"
            told = f"The plan names a medication order that {said}."
            yield Disagreement("medication-not-recorded", reference, (), told)
    codes = {code for each in known.medications if _is_current(each) for code in _codes(each)}
    for number, activity in enumerate(known.plan.get("activity", ())):
        detail = activity.get("detail", {})
        wanted = _codings(detail.get("productCodeableConcept", {}))
        if not wanted or wanted & codes or detail.get("status") in _OVER:
            continue
        name = detail["productCodeableConcept"].get("text", "A medication")
        told = f"{name} is in the plan, and in no current order or statement of medication."
        yield Disagreement("medication-not-recorded", f"activity/{number}", (), told)


def _is_current(medication: JsonObject) -> bool:
    status = TOLD["prescribed" if medication["resourceType"] == "MedicationRequest" else "taken"]
    return medication.get("status") in status


def _not_measured(known: Known) -> Iterator[Disagreement]:
    for goal in known.goals:
        if goal.get("lifecycleStatus") not in TOLD["pursued"]:
            continue
        for title in _unasked(goal, known.asked):
            told = f"The goal is measured by the {title}, which nobody asks of this person."
            yield Disagreement("goal-not-measured", _reference(goal), (), told)


def _unasked(goal: JsonObject, asked: Iterable[str]) -> list[str]:
    """Name the instruments of a goal's measures that are not asked for."""
    canonicals = {f"{CANONICAL}/Questionnaire/{each}" for each in asked}
    codes = (code for each in goal.get("target", ()) for _, code in _codings(each.get("measure")))
    known = [found[0] for code in codes if (found := score_of(code))]
    missing = (each.title for each in known if canonicals.isdisjoint(each.questionnaires))
    return list(dict.fromkeys(missing))[:1]


def _codes(medication: JsonObject) -> set[tuple[str, str]]:
    return _codings(medication.get("medicationCodeableConcept", {}))


def _codings(concept: JsonObject | None) -> set[tuple[str, str]]:
    codings = (concept or {}).get("coding", ())
    return {(each["system"], each["code"]) for each in codings if {"system", "code"} <= set(each)}


def _reference(resource: JsonObject) -> str:
    return f"{resource['resourceType']}/{resource['id']}"
