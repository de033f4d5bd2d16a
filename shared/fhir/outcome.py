"""OperationOutcome, the one form in which this server tells what went wrong.

https://hl7.org/fhir/R4/operationoutcome.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.fhir.errors import Issue


def operation_outcome(issues: Iterable[Issue]) -> dict[str, Any]:
    """Make an OperationOutcome of the issues, in their order."""
    return {"resourceType": "OperationOutcome", "issue": [_issue(issue) for issue in issues]}


def _issue(issue: Issue) -> dict[str, Any]:
    told: dict[str, Any] = {
        "severity": issue.severity,
        "code": issue.code,
        "diagnostics": issue.diagnostics,
    }
    if issue.expression is not None:
        told["expression"] = [issue.expression]
    return told
