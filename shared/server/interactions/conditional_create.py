"""FHIR conditional create: If-None-Exist.

https://hl7.org/fhir/R4/http.html#ccreate
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.server.bodies import resource_of
from shared.server.decision import Decision
from shared.server.interactions.create import new_resource

if TYPE_CHECKING:
    from shared.server.request import Context, FhirRequest
    from shared.store.transaction import Transaction
    from shared.store.version import Version


async def conditional_create(
    _tx: Transaction, request: FhirRequest, context: Context, match: Version | None
) -> Decision:
    """Make a resource where no match exists; otherwise the match stands."""
    resource_of(request)
    if match is not None:
        return Decision(match.key, standing=match)
    return new_resource(request, context)
