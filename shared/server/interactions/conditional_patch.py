"""FHIR conditional patch: PATCH with criteria in place of an id.

https://hl7.org/fhir/R4/http.html#patch
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.errors import NotFound
from shared.server.interactions.patch import patch_of, patched

if TYPE_CHECKING:
    from shared.server.decision import Decision
    from shared.server.request import Context, FhirRequest
    from shared.store.transaction import Transaction
    from shared.store.version import Version


async def conditional_patch(
    _tx: Transaction, request: FhirRequest, context: Context, match: Version | None
) -> Decision:
    """Change the match by the patch of the body.

    :raises NotFound: when nothing matches.
    """
    applied = patch_of(request)
    if match is None:
        raise NotFound(f"No {request.type} matches the criteria.")
    return patched(request, context, match, applied)
