"""FHIR read interaction.

https://hl7.org/fhir/R4/http.html#read
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.errors import Gone, NotFound
from shared.server.bodies import only_layout
from shared.server.conditions import client_has
from shared.server.request import FhirResponse
from shared.store.version import Key

if TYPE_CHECKING:
    from shared.server.request import Context, FhirRequest
    from shared.store.reading import Reading


async def read(reading: Reading, request: FhirRequest, _context: Context) -> FhirResponse:
    """Give the current version; nothing of it where the client already holds it.

    :raises NotFound: when there is nothing that the caller may see.
    :raises Gone: when it was deleted.
    """
    only_layout(request)
    key = Key(request.type or "", request.id or "")
    version = await reading.read(key)
    if version is None:
        raise NotFound(f"There is no {key.type} with this id.")
    if version.deleted:
        raise Gone(f"This {key.type} was deleted.", headers={"ETag": f'W/"{version.number}"'})
    if client_has(version, request.headers):
        return FhirResponse(304, None, version)
    return FhirResponse(200, version.body, version)
