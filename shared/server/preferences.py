"""What a client prefers to be answered after a write.

https://hl7.org/fhir/R4/http.html#return
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from shared.fhir.errors import Issue
from shared.fhir.outcome import operation_outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.server.request import FhirRequest

Return = Literal["minimal", "representation", "OperationOutcome"]

DONE: Final = operation_outcome([Issue("information", "informational", "The resource is stored.")])
_ASKED: Final[dict[str, Return]] = {
    "return=minimal": "minimal",
    "return=OperationOutcome": "OperationOutcome",
}


def preferred(request: FhirRequest, headers: Mapping[str, str]) -> Return:
    """Tell what to answer a write with; what is no create, update or patch says all it has."""
    if request.interaction not in {"create", "update", "patch"}:
        return "representation"
    prefer = headers.get("prefer", "").replace(" ", "")
    return next((chosen for asked, chosen in _ASKED.items() if asked in prefer), "representation")
