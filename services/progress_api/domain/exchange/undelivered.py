"""What did not reach a partner: a Task for a person, with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.domain.exchange.policy import POLICY
from services.progress_api.domain.once import made_once, said_once, transaction, urn
from shared.care.automatic import Act
from shared.care.canonical import code_system, profile
from shared.care.worklist import due, owner

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject

UNANSWERED: Final = "The partner's server has not answered yet"
NOT_CALLED: Final = "The address of the partner's endpoint may not be called from here"
NOT_PERMITTED: Final = "What would be told is protected, and no active Consent permits it"


def refused(status: int) -> str:
    """Tell that a partner's server has refused, or was never asked."""
    if status == 0:
        return NOT_CALLED
    return f"The partner's server has refused it with status {status}"


def escalation(task: JsonObject, why: str, cause: str, recorded: str) -> JsonObject:
    """Ask once for somebody to tell the partner in another way."""
    made = urn(cause, "undelivered")
    referral = {"reference": f"Task/{task['id']}"}
    written = {
        "resourceType": "Task",
        "meta": {"profile": [profile("stepdown-task")]},
        "partOf": [referral],
        "status": "requested",
        "intent": "order",
        "priority": "urgent",
        "code": {
            "coding": [{"system": code_system("task"), "code": "escalation"}],
            "text": "Referral that did not arrive",
        },
        "description": f"{why}. Tell the partner in another way, or put it right.",
        "focus": referral,
        "for": task["for"],
        "authoredOn": recorded,
        "executionPeriod": {"start": recorded},
        "owner": owner("escalation"),
        "restriction": due("escalation", recorded),
    }
    act = Act([made], [f"Task/{task['id']}"], recorded)
    return transaction([made_once(made, written, cause), said_once(POLICY, act, cause)])
