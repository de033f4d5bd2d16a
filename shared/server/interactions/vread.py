"""FHIR vread interaction.

https://hl7.org/fhir/R4/http.html#vread
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.errors import Gone, NotFound
from shared.server.conditions import client_has
from shared.server.request import FhirResponse
from shared.server.showing import asked_of_read, shown
from shared.store.version import Key

if TYPE_CHECKING:
    from shared.server.request import Context, FhirRequest
    from shared.store.reading import Reading


async def vread(reading: Reading, request: FhirRequest, _context: Context) -> FhirResponse:
    """Give one version; nothing of it where the client already holds it.

    :raises NotFound: when that version never was, or the caller may not see it.
    :raises Gone: when that version is a deletion.
    """
    result = asked_of_read(request)
    key = Key(request.type or "", request.id or "")
    version = await reading.read_version(key, request.version or 0)
    if version is None:
        raise NotFound(f"There is no such version of a {key.type} with this id.")
    if version.body is None:
        text = f"With this version the {key.type} was deleted."
        raise Gone(text, headers={"ETag": f'W/"{version.number}"'})
    if client_has(version, request.headers):
        return FhirResponse(304, None, version)
    return FhirResponse(200, shown(version.body, result), version)
