"""What becomes of a clock, given a person's course: satisfied, paused, ended, or running on.

It is a function of what is known, in whatever order it was told. What people have decided about a
clock stands.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from services.intake_api.domain.follow_up import marks, visits
from services.intake_api.domain.follow_up.marks import Verdict
from services.intake_api.domain.follow_up.starting import leads_to_stay
from services.intake_api.domain.follow_up.trigger import next_stay, present_stay
from services.intake_api.domain.follow_up.windows import BY_CODE
from shared.care.automatic import derived_id
from shared.fhir.dates import local_day

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.intake_api.domain.follow_up.course import Course
    from services.intake_api.domain.follow_up.starting import Start
    from services.intake_api.domain.follow_up.trigger import Trigger
    from services.intake_api.domain.follow_up.visits import Visit
    from shared.fhir.reader import JsonObject

_RESTARTS: Final = frozenset({"mental-health", "self-harm"})


def followed(
    task: JsonObject, written: str | None, course: Course, starts: Mapping[str, Start]
) -> JsonObject | None:
    """Give what becomes of a clock; None leaves it. `written` is what was just written.

    What a person has completed otherwise stands: only that visit is looked at again.
    """
    if not _is_ours_to_judge(task, written, course):
        return None
    after = marks.marked(task, verdict(task, course, starts))
    return None if after == task else after


def verdict(task: JsonObject, course: Course, starts: Mapping[str, Start]) -> Verdict:
    """Decide what becomes of a clock."""
    if is_derived(task, course) and task["id"] not in starts:
        return Verdict("cancelled", "withdrawn")
    trigger = course.trigger(visits.focus_of(task, course.calendar))
    again = _readmission(task, trigger, course)
    until = again.first if again else date.max
    by = [each for each in counting(task, course) if each.day <= until]
    if len(by) >= _at_least(task):
        return Verdict("completed", by=tuple(each.reference for each in by[: _at_least(task)]))
    if course.ended:
        return Verdict("cancelled", course.ended)
    return _unsatisfied(task, trigger, again, course)


def counting(task: JsonObject, course: Course) -> list[Visit]:
    """List the visits that a clock waits for, the first one first."""
    found = [
        each
        for each in course.visits
        if visits.satisfies(each, task, course.handoffs, course.calendar)
    ]
    return sorted(found, key=lambda each: (each.day, each.began, each.reference))


def _unsatisfied(
    task: JsonObject, trigger: Trigger | None, again: Trigger | None, course: Course
) -> Verdict:
    if trigger and leads_to_stay(trigger, course) and _starts_at(task, "emergency"):
        return Verdict("cancelled", "admitted")
    if again and again.last:
        reason = "restarted" if again.diagnosis in _RESTARTS else "excluded"
        return Verdict("cancelled", reason)
    stay = again or present_stay(course.triggers)
    if stay and stay != trigger and stay.first <= _last_day(task, course):
        return Verdict("on-hold", "in-hospital")
    return Verdict("on-hold", "in-hospital") if again else Verdict("requested")


def _readmission(task: JsonObject, trigger: Trigger | None, course: Course) -> Trigger | None:
    """Find the stay whose discharge restarts the clocks of an earlier one."""
    if trigger is None or trigger.kind != "stay" or not _starts_at(task, "discharge"):
        return None
    return next_stay(trigger, course.triggers)


def _is_ours_to_judge(task: JsonObject, written: str | None, course: Course) -> bool:
    if task["intent"] != "order":
        return False
    if task["status"] == "completed":
        by = marks.satisfied_by(task)
        known = {each.reference for each in counting(task, course)}
        return bool(by) and (written in by or known.issuperset(by))
    return task["status"] == "requested" or marks.is_reason(task)


def is_derived(task: JsonObject, course: Course) -> bool:
    """Tell whether a clock is one that the policy starts."""
    focus = visits.focus_of(task, course.calendar)
    if focus is None:
        return False
    return any(task["id"] == derived_id(focus, each) for each in BY_CODE)


def _starts_at(task: JsonObject, trigger: str) -> bool:
    told = [BY_CODE[each].trigger for each in visits.codes(task) if each in BY_CODE]
    return trigger in told


def _at_least(task: JsonObject) -> int:
    told = [BY_CODE[each].at_least for each in visits.codes(task) if each in BY_CODE]
    return max(told, default=1)


def _last_day(task: JsonObject, course: Course) -> date:
    end = task.get("restriction", {}).get("period", {}).get("end")
    return local_day(end, course.calendar.zone, last=True) if end else date.max
