"""FHIR history interaction of a type.

https://hl7.org/fhir/R4/http.html#history
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.server.histories import page_of_history

if TYPE_CHECKING:
    from shared.server.request import Context, FhirRequest, FhirResponse
    from shared.store.reading import Reading


async def history_type(reading: Reading, request: FhirRequest, context: Context) -> FhirResponse:
    """List the versions of all resources of a type."""
    return await page_of_history(reading, request, context, (request.type or "",))
