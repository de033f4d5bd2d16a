"""What becomes of an escalation when what it escalates has ended, or is to be done after all.

Whoever sees to an escalation, or has decided on it, keeps it as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake_api.domain import clock
from services.intake_api.domain.follow_up import marks
from services.intake_api.domain.follow_up.marks import Verdict
from shared.care.worklist import due

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject

_ENDED: Final = frozenset({"completed", "cancelled", "rejected", "failed", "entered-in-error"})


def why_needless(task: JsonObject) -> str | None:
    """Say why nothing of a Task is to be escalated any more; None while it has not ended."""
    if task.get("status") not in _ENDED:
        return None
    return "done" if task["status"] == "completed" else "ended"


def called_off(escalation: JsonObject, reason: str) -> JsonObject | None:
    """Call off an escalation, unless somebody sees to it already; None leaves it."""
    if escalation["status"] != "requested":
        return None
    return marks.marked(escalation, Verdict("cancelled", reason))


def asked_again(escalation: JsonObject, at: str) -> JsonObject | None:
    """Ask anew where we had called an escalation off; None leaves what people decided."""
    if not marks.is_called_off(escalation):
        return None
    again = clock.unmarked(marks.marked(escalation, Verdict("requested")))
    return again | {"restriction": due("escalation", at)}
