"""FHIR capabilities interaction.

https://hl7.org/fhir/R4/http.html#capabilities
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.server.conditions import client_has_document, etag_of
from shared.server.request import FhirResponse

if TYPE_CHECKING:
    from shared.server.engine import Engine
    from shared.server.request import Context, FhirRequest

# By this header the front door, which holds no record, has its keeper tell what all services serve.
OF_ALL: Final = "x-stepdown-of-all-services"


async def capabilities(engine: Engine, request: FhirRequest, _context: Context) -> FhirResponse:
    """Tell what is served, from the same definitions that serve it."""
    is_of_all = OF_ALL in request.headers
    return told(engine.statement_of_all if is_of_all else engine.statement, request)


def told(statement: bytes, request: FhirRequest) -> FhirResponse:
    """Give a statement; nothing of it where the client already holds it.

    :raises Malformed: when If-None-Match cannot be read.
    """
    etag = etag_of(statement)
    if client_has_document(etag, request.headers):
        return FhirResponse(304, headers={"ETag": etag})
    return FhirResponse(200, statement, headers={"ETag": etag})
