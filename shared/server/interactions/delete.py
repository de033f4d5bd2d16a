"""FHIR delete interaction.

https://hl7.org/fhir/R4/http.html#delete
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.server.bodies import only_layout
from shared.server.conditions import hold
from shared.server.decision import Decision
from shared.store.version import Change, Key

if TYPE_CHECKING:
    from shared.server.request import Context, FhirRequest
    from shared.store.transaction import Transaction
    from shared.store.version import Version


async def delete(tx: Transaction, request: FhirRequest, context: Context) -> Decision:
    """Delete a resource; what is not there, or is deleted already, stays as it is.

    :raises PreconditionFailed: when If-Match is stale.
    """
    only_layout(request)
    key = Key(request.type or "", request.id or "")
    return deletion(request, context, key, await tx.read(key))


def deletion(
    request: FhirRequest, context: Context, key: Key | None, current: Version | None
) -> Decision:
    """Delete what is current, if the request's own conditions hold of it.

    :raises PreconditionFailed: when If-Match is stale.
    """
    hold(request.headers, current)
    if key is None or current is None or current.deleted:
        return Decision(key, standing=current)
    return Decision(key, Change(key, "DELETE", current, None, context.now))
