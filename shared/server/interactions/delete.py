"""FHIR delete interaction.

https://hl7.org/fhir/R4/http.html#delete
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.server.conditions import hold
from shared.server.request import FhirResponse
from shared.server.saving import save
from shared.store.version import Change, Key

if TYPE_CHECKING:
    from shared.server.request import Context, FhirRequest
    from shared.store.transaction import Transaction


async def delete(tx: Transaction, request: FhirRequest, context: Context) -> FhirResponse:
    """Delete a resource; what is not there, or is deleted already, stays as it is.

    :raises Conflict: when other resources refer to it, naming up to ten.
    :raises PreconditionFailed: when If-Match is stale.
    """
    key = Key(request.type or "", request.id or "")
    current = await tx.read(key)
    hold(request.headers, current)
    if current is None or current.deleted:
        return FhirResponse(204, None, current)
    [version] = await save(tx, [Change(key, "DELETE", current, None, context.now)])
    return FhirResponse(204, None, version)
