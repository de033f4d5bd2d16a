"""A person's course, as far as their clocks depend on it, read from the record's contents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.intake_api.domain.follow_up.deeds import deeds_of, told
from services.intake_api.domain.follow_up.trigger import trigger_of
from services.intake_api.domain.follow_up.visits import handoff_of, visit_of
from services.intake_api.domain.follow_up.windows import TOLD, Person
from shared.fhir.dates import local_day

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from services.intake_api.domain.follow_up.trigger import Trigger
    from services.intake_api.domain.follow_up.visits import Calendar, Handoff, Visit
    from shared.fhir.reader import JsonObject

_IN_FORCE: Final = "active"


@dataclass(frozen=True, slots=True)
class Evidence:
    """The contents that a person's clocks depend on; `first_told` says when Encounters came."""

    patient: JsonObject
    encounters: Sequence[JsonObject] = ()
    conditions: Mapping[str, JsonObject] | None = None
    coverages: Sequence[JsonObject] = ()
    handoffs: Sequence[JsonObject] = ()
    others: Sequence[JsonObject] = ()
    first_told: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """Where and when a person was seen or stayed, to whom they were handed over, how it ended."""

    visits: tuple[Visit, ...]
    handoffs: tuple[Handoff, ...]
    calendar: Calendar
    triggers: tuple[Trigger, ...] = ()
    birth: str | None = None
    coverages: frozenset[str] = frozenset()
    ended: str | None = None

    def trigger(self, reference: str | None) -> Trigger | None:
        """Find what starts clocks by its reference."""
        return next((each for each in self.triggers if each.reference == reference), None)

    def person(self, trigger: Trigger, day: date) -> Person:
        """Say what windows ask of the person on a day."""
        return Person(trigger.diagnosis, self._age(day), self.coverages)

    def _age(self, day: date) -> int | None:
        if self.birth is None:
            return None
        born = local_day(self.birth, self.calendar.zone)
        return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def course_of(known: Evidence, calendar: Calendar, ended: str | None = None) -> Course:
    """Read a person's course."""
    triggers = [trigger_of(e, known.conditions or {}, calendar.zone) for e in known.encounters]
    seen = [visit_of(each, calendar) for each in known.encounters]
    seen += deeds_of([*known.encounters, *known.others], calendar)
    seen += told(filter(None, triggers), known.first_told or {}, calendar)
    handoffs = (handoff_of(each, calendar) for each in known.handoffs)
    return Course(
        tuple(filter(None, seen)),
        tuple(filter(None, handoffs)),
        calendar,
        tuple(filter(None, triggers)),
        known.patient.get("birthDate"),
        _coverages(known.coverages),
        ended,
    )


def _coverages(coverages: Sequence[JsonObject]) -> frozenset[str]:
    codings = {
        f"{coding.get('system')}|{coding.get('code')}"
        for each in coverages
        if each.get("status") == _IN_FORCE
        for coding in each.get("type", {}).get("coding", ())
    }
    return frozenset(kind for kind, named in TOLD["coverages"].items() if codings & set(named))
