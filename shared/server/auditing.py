"""What the audit says of one access: who asked for what, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.definitions import TYPE_CODE
from shared.store.audit import AuditRow

if TYPE_CHECKING:
    from shared.server.request import Context, FhirRequest, FhirResponse


def audit_row(
    request: FhirRequest,
    context: Context,
    service: str,
    *,
    status: int,
    response: FhirResponse | None = None,
) -> AuditRow:
    """Tell of a request that was answered, or refused."""
    version = None if response is None else response.version
    return AuditRow(
        recorded=context.now,
        service=service,
        caller=context.caller.reference,
        interaction=request.interaction,
        type=TYPE_CODE.get(request.type or ""),
        id=version.key.id if version else request.id,
        version=version.number if version else request.version,
        request_id=context.request_id,
        status=status,
        query=_query(request),
    )


def _query(request: FhirRequest) -> str | None:
    # PostgreSQL stores no NUL, and whoever sends one must still be found in the audit.
    pairs = request.query
    if request.compartment is not None:
        pairs = (("_compartment", "/".join(request.compartment)), *pairs)
    text = "&".join(f"{name}={value}" for name, value in pairs)
    return text.replace("\0", "\ufffd") or None
