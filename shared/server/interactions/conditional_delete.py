"""FHIR conditional delete: DELETE with criteria in place of an id, of the one match only.

https://hl7.org/fhir/R4/http.html#3.1.0.7.1
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.server.interactions.delete import deletion

if TYPE_CHECKING:
    from shared.server.decision import Decision
    from shared.server.request import Context, FhirRequest
    from shared.store.transaction import Transaction
    from shared.store.version import Version


async def conditional_delete(
    _tx: Transaction, request: FhirRequest, context: Context, match: Version | None
) -> Decision:
    """Delete the match; where there is none, nothing is to be done."""
    return deletion(request, context, None if match is None else match.key, match)
