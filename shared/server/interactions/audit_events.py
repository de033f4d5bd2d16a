"""FHIR read and search of AuditEvent: views of the audit's rows, which nobody can change.

https://hl7.org/fhir/R4/auditevent.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.errors import NotFound
from shared.fhir.writer import write
from shared.server.audit_event import audit_event, version_of_event
from shared.server.conditions import client_has
from shared.server.matches import Match, Searched, page_of_matches
from shared.server.request import FhirResponse
from shared.server.showing import asked_of_read, shown
from shared.store.audit_search import audit_place
from shared.store.version import Key

if TYPE_CHECKING:
    from shared.fhir.search.query import Query
    from shared.server.request import Context, FhirRequest
    from shared.store.page_key import PageKey
    from shared.store.reading import Reading


async def read_audit_event(
    reading: Reading, request: FhirRequest, _context: Context
) -> FhirResponse:
    """Give a row of the audit; nothing of it where the client already holds it.

    :raises NotFound: when there is nothing that the caller may see.
    """
    result = asked_of_read(request)
    found = await reading.audit_row(request.id or "")
    if found is None:
        raise NotFound("There is no AuditEvent with this id.")
    version = version_of_event(found)
    if client_has(version, request.headers):
        return FhirResponse(304, None, version)
    return FhirResponse(200, shown(version.body or b"", result), version)


async def search_audit_events(
    reading: Reading, request: FhirRequest, context: Context
) -> FhirResponse:
    """Give one page of the audit, the newest rows first, and links to the pages around it."""

    async def page(query: Query, key: PageKey | None) -> list[Match]:
        return [
            Match(
                Key("AuditEvent", found.id),
                write(audit_event(found)),
                audit_place(found),
                found.position,
            )
            for found in await reading.audit_page(query, key)
        ]

    return await page_of_matches(Searched(reading.audit_count, page), reading, request, context)
