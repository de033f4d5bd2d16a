"""FHIR history interaction of one resource.

https://hl7.org/fhir/R4/http.html#history
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.errors import NotFound
from shared.server.histories import page_of_history
from shared.store.version import Key

if TYPE_CHECKING:
    from shared.server.request import Context, FhirRequest, FhirResponse
    from shared.store.reading import Reading


async def history_instance(
    reading: Reading, request: FhirRequest, context: Context
) -> FhirResponse:
    """List the versions of a resource.

    :raises NotFound: when there is nothing that the caller may see.
    """
    key = Key(request.type or "", request.id or "")
    if not await reading.history(key, before=None, limit=1):
        raise NotFound(f"There is no {key.type} with this id.")
    return await page_of_history(reading, request, context, (key.type,))
