"""The Tasks to the team about who did not come, and what becomes of one that was asked for.

What people have decided about a Task stands; a `statusReason` or `output` of our codes tells what
was done by the policy, and so may be taken back by it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from services.progress_api.domain.completed_response import concept
from services.progress_api.domain.no_show.policy import DUE_IN_DAYS
from shared.care.automatic import derived_id
from shared.care.canonical import CAUSE, code_system, profile
from shared.care.worklist import owner

if TYPE_CHECKING:
    from services.progress_api.domain.no_show.wanted import Wanted
    from shared.fhir.reader import JsonObject

OUTREACH: Final = code_system("outreach")
TASK: Final = code_system("task")
_OPEN: Final = frozenset(
    {"draft", "requested", "received", "accepted", "ready", "in-progress", "on-hold"}
)
# Where we say what became of a Task.
_SAID: Final = ("statusReason", "output", "businessStatus")
_CODES: Final = frozenset({"outreach", *DUE_IN_DAYS})
_REASONS: Final = {
    "attended": "The person has come again.",
    "on-hold": "The care was put on hold.",
    "care-ended": "The care has ended.",
    "died": "The person has died.",
    "withdrawn": "What called for it was taken back.",
}


def task_id(cause: str) -> str:
    """Derive the id of the one Task of a cause."""
    return derived_id(cause, "task")


def is_ours(task: JsonObject) -> bool:
    """Tell whether a Task is one that a missed session has called for."""
    ours = (each for each in task.get("identifier", ()) if each.get("system") == CAUSE)
    named = (str(each.get("value")) for each in ours)
    return any(value.startswith("no-show/") and task_id(value) == task.get("id") for value in named)


def codes() -> str:
    """Name the codes of all such Tasks, as a search asks for them."""
    return ",".join(f"{TASK}|{each}" for each in sorted(_CODES))


def opened(asked: Wanted, patient_id: str, now: str) -> JsonObject:
    """Write a Task as it is asked for."""
    last = asked.day + timedelta(days=DUE_IN_DAYS.get(asked.code, asked.due_in_days))
    missed = [{"reference": f"Appointment/{each.id}"} for each in asked.missed]
    codings = [{"system": TASK, "code": asked.code}]
    if asked.step:
        codings.append({"system": OUTREACH, "code": asked.step})
    task = {
        "resourceType": "Task",
        "id": task_id(asked.cause),
        "meta": {"profile": [profile("stepdown-task")]},
        "identifier": [{"system": CAUSE, "value": asked.cause}],
        "status": "requested",
        "intent": "order",
        "priority": asked.priority,
        "code": {"coding": codings, "text": asked.text},
        "description": asked.why,
        "focus": missed[0],
        "for": {"reference": f"Patient/{patient_id}"},
        "authoredOn": now,
        "executionPeriod": {"start": now},
        "owner": owner(asked.code),
        "restriction": {"period": {"start": asked.day.isoformat(), "end": last.isoformat()}},
        "input": [
            {"type": concept(OUTREACH, "missed", "Missed session"), "valueReference": each}
            for each in missed
        ],
    }
    return _completed(task, asked) if asked.status == "completed" else task


def followed(task: JsonObject, asked: Wanted | None) -> JsonObject | None:
    """Decide what becomes of a Task, now that so much is asked for; None leaves it as it is."""
    if not _is_ours_to_move(task):
        return None
    if asked is None or asked.status == "cancelled":
        return _cancelled(task, (asked and asked.reason) or "withdrawn")
    if asked.status == "completed":
        return _completed(_without(task, *_SAID), asked)
    return None if task["status"] in _OPEN else _reopened(task)


def about(task: JsonObject, patient_id: str) -> JsonObject:
    """Let a Task that is to be done be about the Patient who stands for the person now."""
    reference = f"Patient/{patient_id}"
    if task["status"] not in _OPEN or task["for"].get("reference") == reference:
        return task
    return task | {"for": {"reference": reference}}


def _is_ours_to_move(task: JsonObject) -> bool:
    if task["status"] == "completed":
        return any(_is_of_ours(each.get("type", {})) for each in task.get("output", ()))
    if task["status"] == "cancelled":
        return _is_of_ours(task.get("statusReason", {}))
    return task["status"] in _OPEN


def _cancelled(task: JsonObject, reason: str) -> JsonObject:
    said = concept(OUTREACH, reason, _REASONS[reason])
    return _without(task, *_SAID) | {"status": "cancelled", "statusReason": said}


def _completed(task: JsonObject, asked: Wanted) -> JsonObject:
    done = {
        "type": concept(OUTREACH, "done-by", "Done by"),
        "valueReference": {"reference": asked.done_by},
    }
    said = {"businessStatus": {"coding": [{"system": OUTREACH, "code": asked.reason}]}}
    return task | {"status": "completed", "output": [done]} | (said if asked.reason else {})


def _reopened(task: JsonObject) -> JsonObject:
    return _without(task, *_SAID) | {"status": "requested"}


def _is_of_ours(concept_said: JsonObject) -> bool:
    return any(each.get("system") == OUTREACH for each in concept_said.get("coding", ()))


def _without(task: JsonObject, *names: str) -> JsonObject:
    return {name: value for name, value in task.items() if name not in names}
