"""FHIR conditional delete: DELETE with criteria in place of an id.

Only the one match is deleted, unless the request asks by `_count` for up to so many, and the
tenant's policy allows that.
https://hl7.org/fhir/R4/http.html#3.1.0.7.1
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.server.criteria import some_matches
from shared.server.decision import Decision
from shared.server.interactions.delete import deletion

if TYPE_CHECKING:
    from shared.fhir.search.query import Query
    from shared.server.request import Context, FhirRequest
    from shared.store.transaction import Transaction
    from shared.store.version import Version


async def conditional_delete(
    _tx: Transaction, request: FhirRequest, context: Context, match: Version | None
) -> Decision:
    """Delete the match; where there is none, nothing is to be done."""
    return deletion(request, context, None if match is None else match.key, match)


def deletes_many(request: FhirRequest, context: Context) -> bool:
    """Tell whether a delete asks for several, and may."""
    asks = request.interaction == "delete" and any(name == "_count" for name, _ in request.query)
    return asks and context.policy.multiple_delete


async def multiple_delete(
    tx: Transaction, request: FhirRequest, context: Context, query: Query
) -> list[Decision]:
    """Delete the matches, the oldest first, up to as many as `_count` asks for."""
    found = await some_matches(tx, query, query.count)
    decided = [deletion(request, context, match.key, match) for match in found]
    return decided or [Decision(None)]
