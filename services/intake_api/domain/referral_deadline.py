"""By when the next step of a referral is due, as data, and what becomes of one that is not taken.

The deadline is the last local day of so many after the one on which the present step was reached.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from services.intake_api.domain.clock import end_of_local_day, is_overdue
from shared.care.automatic import Policy, derived_id
from shared.care.canonical import code_system, profile
from shared.care.elsewhere import lives_elsewhere
from shared.care.episode import is_programme
from shared.care.referral.machine import between
from shared.care.referral.task import is_handoff, is_review, is_tracked, state_of
from shared.care.worklist import due, owner
from shared.fhir.reader import read

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, tzinfo

    from shared.fhir.reader import JsonObject

_OVERDUE: Final = {"system": code_system("clock"), "code": "overdue", "display": "Overdue"}


@dataclass(frozen=True, slots=True)
class Deadline:
    """Within how many days what is awaited."""

    days: int
    awaited: str

    def due(self, reached: datetime, zone: tzinfo) -> datetime:
        """Give the moment at which the last day is over."""
        last = reached.astimezone(zone).date() + timedelta(days=self.days)
        return end_of_local_day(last.isoformat(), zone)


_TOLD: Final[dict[str, Any]] = read((files(__package__) / "referral_deadlines.json").read_bytes())

POLICY: Final = Policy(_TOLD["name"], _TOLD["version"], _TOLD["title"])
BY_BUSINESS_STATUS: Final = {k: Deadline(**v) for k, v in _TOLD["businessStatus"].items()}
BY_STATUS: Final = {k: Deadline(**v) for k, v in _TOLD["status"].items()}
OF_REVIEW: Final = {k: Deadline(**v) for k, v in _TOLD["review"].items()}


def deadline_of(task: JsonObject) -> Deadline | None:
    """Give the deadline of the step that a Task waits for; None where it waits for none."""
    if is_tracked(task):
        return BY_BUSINESS_STATUS.get(state_of(task).business or "")
    if is_handoff(task):
        return BY_STATUS.get(task["status"])
    return OF_REVIEW.get(task["status"]) if is_review(task) else None


def is_answered_here(task: JsonObject) -> bool:
    """Tell whether a plain review asks this programme, whose episode is the answer."""
    is_plain = is_review(task) and not is_handoff(task) and not is_tracked(task)
    return is_plain and not lives_elsewhere(task.get("owner", {}))


def is_decided(episodes: Iterable[JsonObject]) -> bool:
    """Tell whether somebody has decided on an episode that a referral led to."""
    return any(is_programme(each) and each["status"] != "planned" for each in episodes)


def is_step(before: JsonObject, after: JsonObject) -> bool:
    """Tell whether a referral took a step between two versions, be it to where it stood before."""
    state = state_of(after)
    if state_of(before) != state:
        return True
    # Who makes another appointment begins to wait anew.
    told = any(before.get(name) != after.get(name) for name in ("output", "lastModified"))
    return told and bool(between(state, state))


def overdue(task: JsonObject) -> JsonObject:
    """Mark a Task overdue beside where its referral stands."""
    said = task.get("businessStatus", {})
    coding = [*said.get("coding", ()), _OVERDUE]
    return task | {"businessStatus": {"text": "Overdue"} | said | {"coding": coding}}


def on_time(task: JsonObject) -> JsonObject:
    """Take the mark off a Task that has gone on since; any other one stays as it is."""
    if not is_overdue(task):
        return task
    said = task["businessStatus"]
    kept = [
        each for each in said["coding"] if not is_overdue({"businessStatus": {"coding": [each]}})
    ]
    others = {name: value for name, value in task.items() if name != "businessStatus"}
    return others | ({"businessStatus": said | {"coding": kept}} if kept else {})


def escalation_id(task_id: str, reached: int) -> str:
    """Derive the id of the one Task that escalates a step, by the version that reached it."""
    return derived_id(f"Task/{task_id}/_history/{reached}", "escalation")


def escalation(task: JsonObject, deadline: Deadline, authored: str) -> JsonObject:
    """Write the Task that asks people to look at a referral that does not go on."""
    referral = {"reference": f"Task/{task['id']}"}
    return {
        "resourceType": "Task",
        "meta": {"profile": [profile("stepdown-task")]},
        "partOf": [referral],
        "status": "requested",
        "intent": "order",
        "priority": "urgent",
        "code": {
            "coding": [{"system": code_system("task"), "code": "escalation"}],
            "text": "Overdue referral",
        },
        "description": f"Awaited for {deadline.days} days: {deadline.awaited}. Find out why.",
        "focus": referral,
        "for": task["for"],
        "authoredOn": authored,
        "executionPeriod": {"start": authored},
        "owner": owner("escalation"),
        "restriction": due("escalation", authored),
    }
