"""Turns another server's refusal into the error that a caller of ours is told.

https://hl7.org/fhir/R4/http.html#Status-Codes
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.fhir import errors
from shared.fhir.errors import FhirError, Issue

if TYPE_CHECKING:
    from shared.client.answer import Answer

_BY_STATUS: Final[dict[int, type[FhirError]]] = {
    each.status: each
    for each in (
        errors.Malformed,
        errors.Forbidden,
        errors.Unauthorized,
        errors.NotFound,
        errors.Gone,
        errors.MethodNotAllowed,
        errors.Conflict,
        errors.PreconditionFailed,
        errors.TooLarge,
        errors.RuleViolation,
        errors.OutcomeUnknown,
    )
}


def refusal(answer: Answer) -> FhirError:
    """Make the same error of an answer that is no success: its status and its issues."""
    kind = _BY_STATUS.get(answer.status, errors.Unavailable)
    issues = tuple(Issue("error", _code(answer, kind), reason) for reason in answer.reasons())
    return kind(issues=issues)


def _code(answer: Answer, kind: type[FhirError]) -> str:
    try:
        code = answer.resource()["issue"][0]["code"]
    except (FhirError, LookupError, TypeError):
        return kind.code
    return str(code)
