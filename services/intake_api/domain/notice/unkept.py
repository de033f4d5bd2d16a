"""The Task that tells a person that a notice which is stored could not be taken in, and why.

Whoever sent it was told that it is stored, so nobody else would learn that nothing follows from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.care.automatic import Policy, derived_id
from shared.care.canonical import code_system
from shared.care.worklist import due, owner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.intake_api.domain.notice.message import Notice
    from shared.fhir.errors import Issue
    from shared.fhir.reader import JsonObject

POLICY: Final = Policy(
    "notice-review", "1.0", "Asks a person to look at a notice that could not be taken in"
)
_CODE: Final = {"system": code_system("task"), "code": "notice-review"}
_MANY: Final = 5


def unkept_id(notice: Notice) -> str:
    """Derive the id of the one Task about a notice."""
    return derived_id(f"message/{notice.name}", "notice-review")


def unkept(notice: Notice, issues: Sequence[Issue], at: str) -> JsonObject:
    """Write the Task: which notice, and what is wrong with what it tells."""
    told = " ".join(_told(each) for each in issues[:_MANY])
    return {
        "resourceType": "Task",
        "id": unkept_id(notice),
        "status": "requested",
        "intent": "order",
        "priority": "urgent",
        "code": {"coding": [_CODE], "text": "Notice review"},
        "description": (
            f"Nothing was opened for this notice, for what it tells cannot be kept: {told} "
            "Ask the sender for a corrected version, or refer the person yourself."
        ),
        "focus": {"reference": f"Bundle/{notice.bundle_id}"},
        "authoredOn": at,
        "executionPeriod": {"start": at},
        "owner": owner("notice-review"),
        "restriction": due("notice-review", at),
    }


def answered(task: JsonObject, at: str) -> JsonObject | None:
    """Complete the Task once the document could be taken in; None leaves what has ended."""
    if task["status"] != "requested":
        return None
    return task | {"status": "completed", "lastModified": at}


def _told(issue: Issue) -> str:
    where = f" ({issue.expression})" if issue.expression else ""
    return f"{issue.diagnostics}{where}"
