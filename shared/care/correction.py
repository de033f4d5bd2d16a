"""What loses its ground is withdrawn, and whoever acted on it is asked to look again.

What we withdrew bears a code of ours, so that what people decided is told from it, and stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shared.care.automatic import Policy, derived_id
from shared.care.canonical import code_system, profile
from shared.care.worklist import due, owner

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject

POLICY: Final = Policy(
    "derived-follows-evidence", "1.0", "Withdraws what has lost its ground, and tells who acted"
)
TEXT: Final = "What this rests on was corrected, and no longer calls for it."
REASON: Final[JsonObject] = {
    "coding": [{"system": code_system("correction"), "code": "withdrawn"}],
    "text": TEXT,
}
_TASK: Final = {"system": code_system("task"), "code": "correction-review"}
_OPEN: Final = frozenset(
    {"draft", "requested", "received", "accepted", "ready", "in-progress", "on-hold"}
)


@dataclass(frozen=True, slots=True)
class Acted:
    """What was acted on, about whom, who did, and what its ground was."""

    reference: str
    subject: JsonObject
    who: str | None
    ground: str


def withdrawn(task: JsonObject) -> JsonObject | None:
    """Call off a Task that nobody has finished; None leaves it."""
    if task["status"] not in _OPEN:
        return None
    return task | {"status": "cancelled", "statusReason": REASON}


def is_withdrawn(resource: JsonObject) -> bool:
    """Tell whether it was us who withdrew something with a status reason."""
    codings = resource.get("statusReason", {}).get("coding", ())
    ours = REASON["coding"][0].items()
    return any(ours <= each.items() for each in codings)


def restored(task: JsonObject) -> JsonObject:
    """Ask again for what we had withdrawn; anything else stays as it is."""
    if not is_withdrawn(task):
        return task
    rest = {name: value for name, value in task.items() if name != "statusReason"}
    return rest | {"status": "requested"}


def asked_again(task: JsonObject, at: str) -> JsonObject:
    """Ask anew whoever acted, where we had called that off; anything else stays as it is."""
    if not is_withdrawn(task):
        return task
    rest = {name: value for name, value in restored(task).items() if name != "businessStatus"}
    return rest | {"restriction": due("correction-review", at)}


def review_id(acted: str) -> str:
    """Derive the id of the one Task about something that was acted on."""
    return derived_id(acted, "correction-review")


def review(acted: Acted, authored: str) -> JsonObject:
    """Ask whoever acted to look again."""
    whose = {"reference": acted.who} if acted.who else owner("correction-review")
    return {
        "resourceType": "Task",
        "id": review_id(acted.reference),
        "meta": {"profile": [profile("stepdown-task")]},
        "status": "requested",
        "intent": "order",
        "priority": "urgent",
        "code": {"coding": [_TASK], "text": "Review after a correction"},
        "description": "What you acted on was corrected afterwards. Look whether it still holds.",
        "focus": {"reference": acted.reference},
        "for": acted.subject,
        "authoredOn": authored,
        "executionPeriod": {"start": authored},
        "reasonCode": REASON,
        "reasonReference": {"reference": acted.ground},
        "owner": whose,
        "restriction": due("correction-review", authored),
    }
