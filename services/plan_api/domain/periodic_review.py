"""When a plan in force is to be reviewed and certified: a Task for each, one after the other.

A Task that is completed sets the next; the intervals are data, and a plan may shorten them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from services.plan_api.domain.activation import is_over
from shared.care.automatic import Policy, derived_id
from shared.care.canonical import code_system, profile
from shared.care.programme_plan import is_in_force
from shared.care.worklist import owner
from shared.fhir.reader import read

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shared.fhir.reader import JsonObject

_DATA: Final = read(files("services.plan_api.domain").joinpath("periodic_review.json").read_bytes())
POLICY: Final = Policy(_DATA["name"], _DATA["version"], _DATA["title"])
CODES: Final = tuple(str(each["code"]) for each in _DATA["asked"])
INTERVAL: Final = profile("review-interval")
# The days of the units in which an interval may be said; of a month, those that none exceeds.
_DAYS: Final = {"d": 1, "wk": 7, "mo": 30}
_TASK: Final = code_system("task")
_OPEN: Final = frozenset(
    {"draft", "requested", "received", "accepted", "ready", "in-progress", "on-hold"}
)


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A plan and the Tasks about its review, certification and revision, on a local day."""

    plan: JsonObject
    tasks: Sequence[JsonObject]
    today: date
    recorded: str


def is_periodic(task: JsonObject) -> bool:
    """Tell whether a Task is a review or a certification of a plan."""
    return bool(_codes(task).intersection(CODES))


def to_come(reviewed: Reviewed) -> Iterator[JsonObject]:
    """Write the Tasks that a plan in force still needs: its first ones, or those after the last."""
    if not is_in_force(reviewed.plan):
        return
    for asked in _DATA["asked"]:
        earlier = [each for each in reviewed.tasks if asked["code"] in _codes(each)]
        if any(each.get("status") in _OPEN for each in earlier):
            continue
        done = [each for each in earlier if each.get("status") == "completed"]
        yield _task(reviewed, asked, len(done))


def called_off(reviewed: Reviewed) -> list[JsonObject]:
    """Choose the Tasks of a plan that is over, which are not to be done any more."""
    return [e for e in reviewed.tasks if e.get("status") in _OPEN] if is_over(reviewed.plan) else []


def _task(reviewed: Reviewed, asked: JsonObject, number: int) -> JsonObject:
    about = {"reference": f"CarePlan/{reviewed.plan['id']}"}
    last_day = reviewed.today + timedelta(days=_days(asked, reviewed.plan))
    period = {"start": reviewed.today.isoformat(), "end": last_day.isoformat()}
    return {
        "resourceType": "Task",
        "id": derived_id(about["reference"], f"{asked['code']}/{number}"),
        "meta": {"profile": [profile("stepdown-task")]},
        "basedOn": [about],
        "status": "requested",
        "intent": "order",
        "priority": "routine",
        "code": {"coding": [{"system": _TASK, "code": asked["code"]}], "text": asked["text"]},
        "description": asked["description"],
        "focus": about,
        "for": reviewed.plan["subject"],
        "authoredOn": reviewed.recorded,
        "executionPeriod": {"start": reviewed.recorded},
        "restriction": {"period": period},
        "owner": owner(asked["code"], reviewed.plan.get("careTeam", ())),
    }


def _days(asked: JsonObject, plan: JsonObject) -> int:
    most = int(asked["days"])
    own = (e.get("valueDuration", {}) for e in plan.get("extension", ()) if e["url"] == INTERVAL)
    said = [
        float(str(each["value"])) * _DAYS[each["code"]]
        for each in own
        if each.get("code") in _DAYS and "value" in each
    ]
    # A plan may ask for less time than the policy gives, and not for more.
    days = (max(int(min(each, most)), 1) for each in said)
    return min([most, *days]) if asked["shortened_by_plan"] else most


def _codes(task: JsonObject) -> set[str]:
    codings = task.get("code", {}).get("coding", ())
    return {str(each.get("code")) for each in codings if each.get("system") == _TASK}
