"""FHIR read interaction.

https://hl7.org/fhir/R4/http.html#read
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from shared.fhir.errors import Gone, NotFound
from shared.server.bodies import only_layout
from shared.server.conditions import version_in
from shared.server.request import FhirResponse
from shared.store.version import Key, Version

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    if _client_has(version, request.headers):
        return FhirResponse(304, None, version)
    return FhirResponse(200, version.body, version)


def _client_has(version: Version, headers: Mapping[str, str]) -> bool:
    if "if-none-match" in headers:
        return version_in(headers["if-none-match"], "If-None-Match") == version.number
    since = headers.get("if-modified-since")
    if since is None:
        return False
    try:
        return version.updated.replace(microsecond=0) <= parsedate_to_datetime(since)
    except (TypeError, ValueError):
        return False  # https://www.rfc-editor.org/rfc/rfc9110#name-if-modified-since: ignore it
