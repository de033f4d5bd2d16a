"""The one family of errors that a FHIR request can end in.

FhirError
├── Malformed 400            the request cannot be read
│   ├── InvalidSearch        a search parameter, modifier or value is not valid
│   └── NotSupported         valid FHIR that this server does not do
├── Unauthorized 401 · Forbidden 403
├── NotFound 404 · Gone 410
├── MethodNotAllowed 405 · NotAcceptable 406
├── Conflict 409             others refer to it, or the id is taken
│   └── EditConflict         another writer got there first
├── PreconditionFailed 412 · PreconditionRequired 428
├── TooLarge 413 · UnsupportedMedia 415
├── RuleViolation 422        a rule of FHIR, a profile or a law of care
├── TooCostly 422            an answer longer than may be asked for at once
└── Unavailable 503          a part that is needed is down; try again
    └── OutcomeUnknown 504   it may have acted before it went down

https://hl7.org/fhir/R4/http.html#Status-Codes
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

Severity = Literal["fatal", "error", "warning", "information"]


@dataclass(frozen=True, slots=True)
class Issue:
    """One finding about a request: an OperationOutcome.issue.

    `expression` is a FHIRPath with indexes, such as `Patient.name[0].given[1]`.
    """

    severity: Severity
    code: str
    diagnostics: str
    expression: str | None = None


class FhirError(Exception):
    """A request that ends in an OperationOutcome."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "exception"

    def __init__(
        self,
        diagnostics: str = "",
        *,
        expression: str | None = None,
        issues: tuple[Issue, ...] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        """Hold the issues to tell; one is made of `diagnostics` where none are given."""
        self.issues = issues or (Issue("error", self.code, diagnostics, expression),)
        self.headers = headers or {}
        super().__init__(diagnostics or self.issues[0].diagnostics)


class Malformed(FhirError):
    """The request cannot be read as what it claims to be."""

    status, code = 400, "structure"


class InvalidSearch(Malformed):
    """A search parameter, a modifier or a value is not valid."""

    code = "invalid"


class NotSupported(Malformed):
    """Valid FHIR that this server does not do."""

    code = "not-supported"


class Unauthorized(FhirError):
    """The caller is not known."""

    status, code = 401, "login"


class Forbidden(FhirError):
    """The caller is known and may not do this."""

    status, code = 403, "forbidden"


class NotFound(FhirError):
    """There is nothing here, or nothing that the caller may see."""

    status, code = 404, "not-found"


class Gone(FhirError):
    """The resource was deleted."""

    status, code = 410, "deleted"


class MethodNotAllowed(FhirError):
    """The address exists, the method does not."""

    status, code = 405, "not-supported"


class NotAcceptable(FhirError):
    """The answer cannot be given in the form that was asked for."""

    status, code = 406, "not-supported"


class Conflict(FhirError):
    """The record's state does not allow the request."""

    status, code = 409, "conflict"


class EditConflict(Conflict):
    """Another writer got there first."""


class PreconditionFailed(FhirError):
    """A condition of the request does not hold."""

    status, code = 412, "conflict"


class PreconditionRequired(FhirError):
    """The request must carry a condition and does not."""

    status, code = 428, "required"


class TooLarge(FhirError):
    """The request is larger than is allowed."""

    status, code = 413, "too-costly"


class UnsupportedMedia(FhirError):
    """The body's media type or encoding is not served."""

    status, code = 415, "not-supported"


class RuleViolation(FhirError):
    """A rule of FHIR, of a profile or of care is broken."""

    status, code = 422, "processing"


class TooCostly(FhirError):
    """The answer is longer, or takes more work, than may be asked for at once."""

    status, code = 422, "too-costly"


class Unavailable(FhirError):
    """A part that is needed does not answer; the same request may succeed later."""

    status, code = 503, "transient"


class OutcomeUnknown(Unavailable):
    """A part went down that may have acted; only what changes nothing twice may be repeated."""

    status, code = 504, "timeout"
