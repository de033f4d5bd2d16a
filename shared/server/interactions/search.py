"""FHIR search of one type, of several, and in a compartment.

https://hl7.org/fhir/R4/http.html#search
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.server.matches import Match, Searched, match_of, page_of_matches

if TYPE_CHECKING:
    from shared.fhir.search.query import Query
    from shared.server.request import Context, FhirRequest, FhirResponse
    from shared.store.page_key import PageKey
    from shared.store.reading import Reading


async def search(reading: Reading, request: FhirRequest, context: Context) -> FhirResponse:
    """Give one page of the matches, and links to the pages around it."""

    async def page(query: Query, key: PageKey | None) -> list[Match]:
        return [match_of(row) for row in await reading.page(query, key)]

    return await page_of_matches(Searched(reading.count, page), reading, request, context)
