"""FHIR capabilities interaction.

https://hl7.org/fhir/R4/http.html#capabilities
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from shared.server.request import FhirResponse

if TYPE_CHECKING:
    from shared.server.engine import Engine
    from shared.server.request import Context, FhirRequest


async def capabilities(engine: Engine, request: FhirRequest, _context: Context) -> FhirResponse:
    """Tell what is served, from the same definitions that serve it."""
    body = engine.statement
    etag = f'W/"{hashlib.sha256(body).hexdigest()[:16]}"'
    if request.headers.get("if-none-match") == etag:
        return FhirResponse(304, headers={"ETag": etag})
    return FhirResponse(200, body, headers={"ETag": etag})
