"""How one person gets on, worked out of versions of the record: a pure function of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from services.progress_api.domain.progress.asking import Asked, asked
from services.progress_api.domain.progress.attendance import Attendance, attendance
from services.progress_api.domain.progress.series import Series, series
from shared.care.hours_ledger import Ledger, Tally
from shared.care.instruments.registry import INSTRUMENTS
from shared.care.local_week import weeks_between
from shared.care.programme_plan import activity_ids, is_ours
from shared.care.weekly_hours import REQUIRED
from shared.fhir.dates import date_range, instant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime, tzinfo

    from services.progress_api.domain.measure_change import Window
    from services.progress_api.domain.progress.told import Days, Told
    from shared.care.instruments.instrument import Instrument
    from shared.fhir.reader import JsonObject

_UNWANTED: Final = frozenset({"proposed", "entered-in-error", "rejected"})
_PLANS: Final = frozenset({"active", "on-hold", "completed", "revoked"})


@dataclass(frozen=True, slots=True)
class Place:
    """When a person is looked at, and how dates and references are read."""

    now: datetime
    zone: tzinfo
    bases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Measures:
    """One instrument: its series, one for each score, what was asked for by it, and when next."""

    instrument: Instrument
    series: tuple[Series, ...]
    asked: tuple[Asked, ...]
    due_next: tuple[date, date] | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How a person gets on in some days."""

    patient_id: str
    days: Days
    place: Place
    measures: tuple[Measures, ...]
    attendance: Attendance
    weeks: tuple[Tally, ...]
    goals: tuple[Told, ...]


@dataclass(frozen=True)
class Evidence:
    """All that is known of one person, and the window in which a baseline is taken.

    `due_next` are the days on which each questionnaire is due next.
    """

    patient_id: str
    told: Sequence[Told]
    window: Window | None
    due_next: Mapping[str, tuple[date, date]] = field(default_factory=dict)

    def of(self, resource_type: str) -> list[Told]:
        """List the resources of a type."""
        return [each for each in self.told if each.content["resourceType"] == resource_type]

    def contents(self, resource_type: str) -> dict[str, JsonObject]:
        """Give the contents of the resources of a type by their ids."""
        return {each.content["id"]: each.content for each in self.of(resource_type)}


def progress(
    evidence: Evidence, days: Days, place: Place, named: Sequence[Instrument] = ()
) -> Progress:
    """Tell how a person gets on, by the instruments that are named, or all that are used."""
    found = (_measures(each, evidence, days, place) for each in named or INSTRUMENTS)
    return Progress(
        evidence.patient_id,
        days,
        place,
        measures=tuple(each for each in found if named or _is_used(each)),
        attendance=_attendance(evidence, days, place),
        weeks=tuple(_weeks(evidence, days, place)),
        goals=tuple(e for e in evidence.of("Goal") if _lifecycle(e) not in _UNWANTED),
    )


def _measures(instrument: Instrument, evidence: Evidence, days: Days, place: Place) -> Measures:
    span, zone = days.span(place.zone), place.zone
    observations = [each for each in evidence.of("Observation") if _is_taken(each, place)]
    found = (
        series(instrument, score, observations, window=evidence.window, zone=zone)
        for score in instrument.scores
    )
    tasks = asked(instrument.name, evidence.of("Task"), span, zone, place.now)
    shown = tuple(each.within(span) for each in found)
    return Measures(instrument, shown, tuple(tasks), evidence.due_next.get(instrument.name))


def _is_taken(told: Told, place: Place) -> bool:
    """Tell whether an Observation has come: what is dated ahead is told when it does."""
    at = told.content.get("effectiveDateTime")
    return at is None or date_range(at, place.zone)[0] <= instant(place.now)


def _is_used(measures: Measures) -> bool:
    is_taken = any(each.points or each.baseline for each in measures.series)
    return is_taken or bool(measures.asked) or measures.due_next is not None


def _attendance(evidence: Evidence, days: Days, place: Place) -> Attendance:
    low, high = days.span(place.zone)
    span = low, min(high, instant(place.now))
    encounters = evidence.contents("Encounter").values()
    booked = evidence.contents("Appointment")
    return attendance(booked, encounters, span, place.zone, place.bases)


def _weeks(evidence: Evidence, days: Days, place: Place) -> list[Tally]:
    orders = evidence.contents("ServiceRequest")
    plan = _plan(evidence)
    held = [orders[each] for each in activity_ids(plan, place.bases) if each in orders]
    encounters = list(evidence.contents("Encounter").values())
    booked = evidence.contents("Appointment")
    ledger = Ledger(plan, held, orders, booked, encounters, place.zone, place.bases)
    weeks = weeks_between(days.first, days.last, REQUIRED.week_begins)
    return [ledger.tally(each, REQUIRED) for each in weeks]


def _plan(evidence: Evidence) -> JsonObject:
    """Choose the plan that is followed, else the last one that was; nothing where there is none."""
    plans = [
        each
        for each in evidence.contents("CarePlan").values()
        if is_ours(each) and each.get("intent") != "proposal" and each.get("status") in _PLANS
    ]
    return max(plans, key=_standing, default={})


def _standing(plan: JsonObject) -> tuple[bool, str, str]:
    return plan["status"] == "active", str(plan.get("period", {}).get("start", "")), plan["id"]


def _lifecycle(goal: Told) -> str:
    return str(goal.content.get("lifecycleStatus"))
