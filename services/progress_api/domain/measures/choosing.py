"""Which measures are due of one person: by age, by the template of the plan, and by conditions.

What a ground asks for is due from the moment at which the record came to know the ground, so that
nothing is asked for windows that had passed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from services.progress_api.domain.measures.policy import ADULT, SCHEDULES
from services.progress_api.domain.measures.windows import end_of_day, next_days, windows
from shared.care.programme_plan import is_ours
from shared.fhir.dates import local_day

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date, datetime, tzinfo

    from services.progress_api.domain.measures.course import Course
    from services.progress_api.domain.measures.policy import Instrument, Schedule
    from services.progress_api.domain.measures.windows import Window
    from shared.fhir.reader import JsonObject

_FOLLOWED: Final = frozenset({"active", "on-hold", "completed"})
_PRESENT: Final = frozenset({"active", "recurrence", "relapse"})
_DENIED: Final = frozenset({"refuted", "entered-in-error"})


@dataclass(frozen=True, slots=True)
class Ground:
    """A plan or a condition that holds, and since when the record knows it."""

    content: JsonObject
    since: datetime


@dataclass(frozen=True, slots=True)
class Person:
    """What decides of whom a measure is asked: the date of birth, and grounds."""

    born: date | None
    grounds: tuple[Ground, ...]


def born(patient: JsonObject | None, zone: tzinfo) -> date | None:
    """Tell when a person was born; the first day of a month or year that is told alone."""
    text = (patient or {}).get("birthDate")
    return local_day(text, zone) if text else None


def is_ground(content: JsonObject) -> bool:
    """Tell whether a plan or a condition is one by which any measure is asked for."""
    return any(_asks_for(each, content) for each in SCHEDULES)


def due(
    course: Course, person: Person, zone: tzinfo, now: datetime
) -> Iterator[tuple[Instrument, Window]]:
    """Give what is due of a person by all windows that have opened by now."""
    for schedule in SCHEDULES:
        since = _since(schedule, person)
        for window in windows(course, zone, now, schedule.rhythms):
            if not _is_of_age(schedule, person, window.first):
                continue
            if schedule.grounds is None:
                yield schedule.instrument, window
            elif since is not None and since < end_of_day(window.last.isoformat(), zone):
                yield schedule.instrument, replace(window, opens=max(window.opens, since))


def due_next(
    course: Course, person: Person, zone: tzinfo, now: datetime
) -> dict[str, tuple[date, date]]:
    """Give the first and last day on which each questionnaire is due next, as things stand now."""
    following = [(each, next_days(course, zone, now, each.rhythms)) for each in SCHEDULES]
    return {
        each.instrument.questionnaire: days
        for each, days in following
        if days
        and _is_of_age(each, person, days[0])
        and (each.grounds is None or _since(each, person) is not None)
    }


def needs_ground(questionnaire: str) -> bool:
    """Tell whether a questionnaire is asked only of those of whom a plan or a condition asks it."""
    return any(e.instrument.questionnaire == questionnaire and e.grounds for e in SCHEDULES)


def questionnaires(person: Person, day: date) -> frozenset[str]:
    """Name the questionnaires that are asked of a person on a day."""
    return frozenset(each.instrument.questionnaire for each in schedules(person, day))


def schedules(person: Person, day: date) -> list[Schedule]:
    """List by what schedules a person is asked on a day."""
    return [
        each
        for each in SCHEDULES
        if _is_of_age(each, person, day)
        and (each.grounds is None or _since(each, person) is not None)
    ]


def _since(schedule: Schedule, person: Person) -> datetime | None:
    asking = (each.since for each in person.grounds if _asks_for(schedule, each.content))
    return min(asking, default=None)


def _asks_for(schedule: Schedule, content: JsonObject) -> bool:
    grounds = schedule.grounds
    if grounds is None:
        return False
    if content["resourceType"] == "CarePlan":
        return _is_followed(content) and not grounds.templates.isdisjoint(_templates(content))
    return _is_present(content) and any(
        _is_meant(f"{each.get('system')}|{each.get('code')}", grounds.conditions)
        for each in content.get("code", {}).get("coding", ())
    )


def _is_followed(plan: JsonObject) -> bool:
    is_plan = is_ours(plan) and plan.get("intent") != "proposal"
    return is_plan and plan.get("status") in _FOLLOWED


def _templates(plan: JsonObject) -> list[str]:
    return [each.partition("|")[0] for each in plan.get("instantiatesCanonical", ())]


def _is_present(condition: JsonObject) -> bool:
    clinical = set(_codes(condition.get("clinicalStatus", {})))
    verified = set(_codes(condition.get("verificationStatus", {})))
    return (not clinical or bool(clinical & _PRESENT)) and not verified & _DENIED


def _codes(concept: JsonObject) -> list[str]:
    return [str(each.get("code")) for each in concept.get("coding", ())]


def _is_meant(token: str, meant: Iterable[str]) -> bool:
    return any(
        token.startswith(each[:-1]) if each.endswith("*") else token == each for each in meant
    )


def _is_of_age(schedule: Schedule, person: Person, day: date) -> bool:
    """Tell whether a person is of an age on a day; who does not say it is taken for an adult."""
    birth = person.born
    if birth is None:
        return schedule.from_age <= ADULT < schedule.below_age
    age = day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
    return schedule.from_age <= age < schedule.below_age
