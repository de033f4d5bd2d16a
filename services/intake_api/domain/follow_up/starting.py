"""Which clocks a person's course starts, as far as the policy's windows say.

All of it is a function of the course, with ids derived from what starts each clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from services.intake_api.domain.clock import CLOCK
from services.intake_api.domain.follow_up import visits
from services.intake_api.domain.follow_up.trigger import next_stay
from services.intake_api.domain.follow_up.windows import (
    BY_CODE,
    EMERGENCY_ADMISSION_DAYS,
    NEW_EPISODE_DAYS,
    WINDOWS,
)
from shared.care.automatic import derived_id
from shared.care.canonical import profile
from shared.care.worklist import owner

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from services.intake_api.domain.follow_up.course import Course
    from services.intake_api.domain.follow_up.trigger import Trigger
    from services.intake_api.domain.follow_up.windows import Window
    from shared.fhir.reader import JsonObject

_SUBSTANCE_USE: Final = "substance-use"


@dataclass(frozen=True, slots=True)
class Start:
    """A clock that starts: its window, what starts it, the local day 0, and its codes."""

    window: Window
    trigger: Trigger
    day: date
    codes: tuple[str, ...]

    @property
    def id(self) -> str:
        """The id of its Task."""
        return derived_id(self.trigger.reference, self.window.code)

    @property
    def code(self) -> JsonObject:
        """The Task's code."""
        codings = [{"system": CLOCK, "code": each} for each in self.codes]
        return {"coding": codings, "text": self.window.text}

    def task(self, patient: str, authored: str) -> JsonObject:
        """Write the clock's Task, running."""
        return {
            "resourceType": "Task",
            "id": self.id,
            "meta": {"profile": [profile("stepdown-task")]},
            "status": "requested",
            "intent": "order",
            "priority": "routine",
            "code": self.code,
            "focus": {"reference": self.trigger.reference},
            "for": {"reference": patient},
            "authoredOn": authored,
            "executionPeriod": {"start": authored},
            "owner": owner(self.window.code),
            "restriction": {"period": self.window.period(self.day)},
        }


def starts(course: Course) -> list[Start]:
    """List the clocks that a person's course starts, whether or not they have ended since."""
    return [each for trigger in course.triggers for each in _starts(trigger, course)]


def _starts(trigger: Trigger, course: Course) -> Iterator[Start]:
    for window in WINDOWS:
        day = _day(window, trigger, course)
        if day is None:
            continue
        person = course.person(trigger, day)
        if window.scope.holds(person):
            yield Start(window, trigger, day, tuple(window.codes(person)))


def _day(window: Window, trigger: Trigger, course: Course) -> date | None:
    """Give the day from which a window's days are counted; None where nothing starts it."""
    if window.trigger == "discharge":
        return trigger.last if trigger.kind == "stay" else None
    if window.trigger == "admission":
        return trigger.first if trigger.kind == "stay" else None
    if window.trigger == "emergency":
        return trigger.last if trigger.kind == "emergency" else None
    if not _begins_episode(trigger, course):
        return None
    return trigger.began if window.trigger == "new-episode" else _initiated(trigger, course)


def leads_to_stay(trigger: Trigger, course: Course) -> bool:
    """Tell whether an emergency visit led to an inpatient stay."""
    is_emergency = trigger.kind == "emergency"
    within = EMERGENCY_ADMISSION_DAYS
    return is_emergency and next_stay(trigger, course.triggers, within) is not None


def _begins_episode(trigger: Trigger, course: Course) -> bool:
    """Tell whether substance use is diagnosed for the first time in so many days."""
    day = trigger.began
    if trigger.diagnosis != _SUBSTANCE_USE or day is None:
        return False
    since = day - timedelta(days=NEW_EPISODE_DAYS)
    return not any(
        each.began is not None
        and since <= each.began
        and (each.began, each.reference) < (day, trigger.reference)
        for each in course.triggers
        if each.diagnosis == _SUBSTANCE_USE
    )


def _initiated(trigger: Trigger, course: Course) -> date | None:
    """Give the day on which the treatment of an episode began."""
    window = BY_CODE["iet-initiation"]
    day = trigger.began
    if day is None or not window.scope.holds(course.person(trigger, day)):
        return None
    task = Start(window, trigger, day, (window.code,)).task("", "")
    begun = [
        each.day
        for each in course.visits
        if visits.satisfies(each, task, course.handoffs, course.calendar)
    ]
    return min(begun, default=None)
