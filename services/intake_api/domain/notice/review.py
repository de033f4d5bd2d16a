"""The Task that asks a person whom a notice is about, where identifiers cannot tell.

Whoever completes it names the Patient in `output`; nothing is merged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake_api.domain import clock
from shared.care.automatic import Policy, derived_id
from shared.care.canonical import code_system
from shared.care.worklist import due, owner

if TYPE_CHECKING:
    from services.intake_api.domain.notice.identity import Doubt
    from services.intake_api.domain.notice.message import Notice
    from shared.fhir.reader import JsonObject

POLICY: Final = Policy(
    "identity-review", "1.0", "Asks a person whom a notice is about where identifiers cannot tell"
)
CODE: Final = {"system": code_system("task"), "code": "identity-review"}
_CONCEPT: Final = {"coding": [CODE], "text": "Identity review"}


def review_id(notice: Notice) -> str:
    """Derive the id of the one review of a message."""
    return derived_id(f"message/{notice.name}", "identity-review")


def review(notice: Notice, doubt: Doubt) -> JsonObject:
    """Write the Task: which message, why it is not sure, and who may be meant."""
    task = review_of(doubt, "notice", f"Bundle/{notice.bundle_id}", notice.bundle["timestamp"])
    return task | {"id": review_id(notice)}


def review_of(doubt: Doubt, what: str, focus: str, at: str) -> JsonObject:
    """Write the Task about what came in, as yet without an id."""
    task: JsonObject = {
        "resourceType": "Task",
        "status": "requested",
        "intent": "order",
        "priority": "urgent",
        "code": _CONCEPT,
        "description": (
            f"It is not sure whom this {what} is about: {doubt.reason}. "
            "Complete this with the right Patient as output; nothing was opened yet."
        ),
        "focus": {"reference": focus},
        "authoredOn": at,
        "executionPeriod": {"start": at},
        "owner": owner("identity-review"),
        "restriction": due("identity-review", at),
    }
    candidates = [
        {"type": {"text": "candidate"}, "valueReference": {"reference": each}}
        for each in doubt.candidates
    ]
    return task | ({"input": candidates} if candidates else {})


def decided_person(task: JsonObject) -> str | None:
    """Give the reference that a completed review names; None where it names none."""
    if task.get("status") != "completed" or CODE not in _codings(task):
        return None
    said = (each.get("valueReference", {}).get("reference") for each in task.get("output", ()))
    return next((each for each in said if each), None)


def settled(task: JsonObject, person: str) -> JsonObject:
    """Complete a review with the person whom the notice turned out to be about."""
    said = [{"type": _CONCEPT, "valueReference": {"reference": person}}]
    return task | {"status": "completed", "output": said}


def asked_again(task: JsonObject, at: str) -> JsonObject:
    """Ask once more: whom a person has named cannot be, for the stay is another person's here."""
    told = (
        "The stay is known here as another person's. If that is wrong, correct the Encounter's "
        "subject first."
    )
    unsaid = {name: value for name, value in clock.unmarked(task).items() if name != "output"}
    again = {"status": "requested", "restriction": due("identity-review", at)}
    return unsaid | again | {"statusReason": {"text": told}}


def _codings(task: JsonObject) -> list[JsonObject]:
    codings = task.get("code", {}).get("coding", ())
    return [{"system": each.get("system"), "code": each.get("code")} for each in codings]
