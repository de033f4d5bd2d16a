"""What a person does between sessions: a Task of their own for each such activity.

https://hl7.org/fhir/R4/task.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.plan_api.domain.goals import pertaining
from shared.care.automatic import Policy
from shared.care.canonical import code_system

if TYPE_CHECKING:
    from services.plan_api.domain.application import Application
    from services.plan_api.domain.order import Asked
    from shared.fhir.reader import JsonObject

POLICY: Final = Policy(
    "homework-follows-the-plan", "1.0", "Asks for homework with its plan, and ends it with it"
)
_HOMEWORK: Final = {"system": code_system("task"), "code": "homework"}
_OPEN: Final = frozenset({"requested", "received", "accepted", "ready", "in-progress", "on-hold"})


def is_homework(resource: JsonObject) -> bool:
    """Tell whether a definition, or a Task, is of something that the person does alone."""
    if resource.get("resourceType") != "Task":
        return resource.get("kind") == "Task"
    return _HOMEWORK in resource.get("code", {}).get("coding", ())


def task(asked: Asked, application: Application) -> JsonObject:
    """Write the Task, which waits as a draft with its plan."""
    code: dict[str, Any] = asked.activity["code"]
    person = {"reference": application.patient}
    written = {
        "resourceType": "Task",
        "id": application.id_for(f"activity/{asked.key}"),
        **pertaining(asked.action, asked.template, application),
        "basedOn": [{"reference": f"CarePlan/{application.plan_id}"}],
        "status": "draft",
        "intent": "plan",
        "priority": "routine",
        "code": code | {"coding": [_HOMEWORK, *code["coding"]]},
        "description": asked.activity.get("usage"),
        "focus": {"reference": f"CarePlan/{application.plan_id}"},
        "for": person,
        "authoredOn": application.recorded,
        "requester": {"reference": application.asked_by},
        "owner": person,
    }
    return {name: value for name, value in written.items() if value}


def moved(status: str, at: str) -> JsonObject:
    """Say what a status that homework comes to changes in it."""
    begun: JsonObject = {"executionPeriod": {"start": at}} if status == "requested" else {}
    return {"status": status} | begun


def following(homework: JsonObject, plan_status: str) -> str | None:
    """Give the status that homework comes to with its plan; None where it stays as it is."""
    status = homework.get("status")
    if plan_status == "active":
        return "requested" if status == "draft" else None
    if plan_status in {"completed", "revoked"}:
        return "cancelled" if status == "draft" or status in _OPEN else None
    return None
