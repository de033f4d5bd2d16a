"""The DetectedIssue about answers that contradict each other, or that cannot be read.

https://hl7.org/fhir/R4/detectedissue.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.domain.completed_response import concept
from services.progress_api.domain.contradiction import contradictions
from shared.care.canonical import code_system

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from services.progress_api.domain.completed_response import Completed
    from shared.fhir.errors import Issue
    from shared.fhir.reader import JsonObject

_CONTRADICTORY: Final = "contradictory-answers"
_UNREADABLE: Final = "unreadable-answers"
KINDS: Final = (_CONTRADICTORY, _UNREADABLE)


def contradictory(completed: Completed) -> Iterator[JsonObject]:
    """Ask people to look at answers that contradict each other, where some do."""
    detail, rule = contradictions(completed), completed.instrument.risk
    if detail is None:
        return
    scores = [score.code for score in completed.instrument.scores]
    codes = scores if rule is None else [rule.code]
    implicated = [{"reference": f"Observation/{completed.id_for(code)}"} for code in codes]
    issue = _issue(completed, _CONTRADICTORY, "Contradictory answers", detail)
    yield issue | {
        "severity": "moderate" if rule is None else "high",
        "implicated": [*issue["implicated"], *implicated],
    }


def unreadable(completed: Completed, issues: Sequence[Issue]) -> JsonObject:
    """Ask people to look at a response that could not be scored."""
    detail = " ".join(issue.diagnostics for issue in issues)
    return _issue(completed, _UNREADABLE, "Answers that cannot be scored", detail)


def _issue(completed: Completed, kind: str, text: str, detail: str) -> JsonObject:
    response = completed.response
    return {
        "resourceType": "DetectedIssue",
        "id": completed.id_for(kind),
        "status": "amended" if response["status"] == "amended" else "final",
        "code": concept(code_system("detected-issue"), kind, text),
        "severity": "high",
        "patient": {"reference": f"Patient/{completed.patient_id}"},
        "identifiedDateTime": completed.authored,
        "implicated": [{"reference": completed.reference}],
        "detail": detail,
    }
