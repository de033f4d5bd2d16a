"""A follow-up clock: a Task with a window of local days, and what becomes of it in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from shared.care.automatic import Policy, derived_id
from shared.care.canonical import code_system, profile
from shared.care.worklist import due, owner
from shared.fhir.dates import date_range, moment

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from shared.fhir.reader import JsonObject

POLICY: Final = Policy("overdue-clock-escalates", "1.1", "Marks what is late, and escalates it")
CLOCK: Final = code_system("clock")
_OVERDUE: Final = {"coding": [{"system": CLOCK, "code": "overdue"}], "text": "overdue"}

# What is escalated, beside clocks, when its day has passed; anything else is only marked.
_ESCALATED: Final = frozenset(
    {"suicide-screen", "safety-evaluation", "outreach", "periodic-review", "certification"}
)
# What is told late elsewhere: a referral by its steps, a measure by its answers.
_ELSEWHERE: Final = frozenset({"referral", "handoff", "measure"})
# What comes in may be late before anybody knows whom it is about.
_OF_NOBODY: Final = frozenset({"identity-review", "notice-review", "safety-review"})
_RUNNING: Final = frozenset({"requested", "received", "accepted", "ready", "in-progress"})

Step = Literal["wait", "leave", "mark", "escalate"]


def end_of_local_day(day: str, zone: tzinfo) -> datetime:
    """Give the moment at which a date, or the last instant of a dateTime, is over in a zone."""
    return moment(date_range(day, zone)[1])


def due_of(task: JsonObject, zone: tzinfo) -> datetime | None:
    """Give the moment at which a running clock's window has passed; None if none runs."""
    last_day = task.get("restriction", {}).get("period", {}).get("end")
    if not (last_day and is_timed(task) and is_running(task)):
        return None
    return end_of_local_day(last_day, zone)


def is_timed(task: JsonObject) -> bool:
    """Tell whether a Task is a clock, or another one of ours that is told late here."""
    codes = _task_codes(task)
    return is_clock(task) or (bool(codes) and codes.isdisjoint(_ELSEWHERE))


def is_of_nobody(task: JsonObject) -> bool:
    """Tell whether a Task is about what came in, of whom nobody knows yet whom it is about."""
    return "for" not in task and not _task_codes(task).isdisjoint(_OF_NOBODY)


def is_running(task: JsonObject) -> bool:
    """Tell whether a timed Task is still to be done: nobody takes a clock on, but may a Task."""
    running = {"requested"} if is_clock(task) else _RUNNING
    return task.get("intent") == "order" and task.get("status") in running


def next_step(task: JsonObject, due: datetime, *, created: datetime, now: datetime) -> Step:
    """Decide what becomes of a running Task now.

    One whose time had passed before it was created opens overdue, and escalates nothing.
    """
    if now < due:
        return "wait"
    if is_overdue(task):
        return "leave"
    is_escalated = is_clock(task) or not _task_codes(task).isdisjoint(_ESCALATED)
    return "escalate" if is_escalated and created < due else "mark"


def as_opened(task: JsonObject, zone: tzinfo, now: datetime) -> JsonObject:
    """Give a clock as it opens, overdue where its window has passed; another Task as it is."""
    due = due_of(task, zone)
    return task if due is None or now < due else overdue(task)


def is_clock(task: JsonObject) -> bool:
    """Tell whether a Task is a clock."""
    return _has_coding(task.get("code", {}))


def is_overdue(task: JsonObject) -> bool:
    """Tell whether a clock is marked overdue."""
    return _has_coding(task.get("businessStatus", {}), "overdue")


def overdue(task: JsonObject) -> JsonObject:
    """Mark a clock overdue."""
    return task | {"businessStatus": _OVERDUE}


def unmarked(task: JsonObject) -> JsonObject:
    """Give a clock as it was before it was marked overdue; any other Task as it is."""
    if not is_overdue(task):
        return task
    return {name: value for name, value in task.items() if name != "businessStatus"}


def escalation_id(task_id: str) -> str:
    """Derive the id of the one Task that escalates a clock."""
    return derived_id(f"Task/{task_id}", "escalation")


def escalation(task: JsonObject, authored: str) -> JsonObject:
    """Write the Task that asks people to look at what was not done in time."""
    clock = {"reference": f"Task/{task['id']}"}
    return {
        "resourceType": "Task",
        "meta": {"profile": [profile("stepdown-task")]},
        "partOf": [clock],
        "status": "requested",
        "intent": "order",
        "priority": "urgent",
        "code": {
            "coding": [{"system": code_system("task"), "code": "escalation"}],
            "text": f"Overdue: {_name(task)}",
        },
        "description": f"Not done in time: {_name(task)}. Find out why, and see to it.",
        "focus": clock,
        "for": task["for"],
        "authoredOn": authored,
        "executionPeriod": {"start": authored},
        "owner": owner("escalation"),
        "restriction": due("escalation", authored),
    }


def _name(task: JsonObject) -> str:
    name: str = task.get("code", {}).get("text", "follow-up")
    return name


def _task_codes(task: JsonObject) -> set[str]:
    codings = task.get("code", {}).get("coding", ())
    return {each.get("code", "") for each in codings if each.get("system") == code_system("task")}


def _has_coding(concept: JsonObject, code: str | None = None) -> bool:
    return any(
        each.get("system") == CLOCK and code in {None, each.get("code")}
        for each in concept.get("coding", ())
    )
