"""FHIR search of one type, of several, and in a compartment.

https://hl7.org/fhir/R4/http.html#search
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.definitions import TYPE_NAME
from shared.server.matches import Match, Searched, page_of_matches
from shared.store.search import position
from shared.store.version import Key

if TYPE_CHECKING:
    from shared.fhir.search.query import Query
    from shared.server.request import Context, FhirRequest, FhirResponse
    from shared.store.page_key import PageKey
    from shared.store.reading import Reading


async def search(reading: Reading, request: FhirRequest, context: Context) -> FhirResponse:
    """Give one page of the matches, and links to the pages around it."""

    async def page(query: Query, key: PageKey | None) -> list[Match]:
        rows = await reading.page(query, key)
        return [
            Match(
                Key(TYPE_NAME[row["type"]], row["id"]),
                row["body"].encode(),
                position(row),
                row["pk"],
            )
            for row in rows
        ]

    return await page_of_matches(Searched(reading.count, page), reading, request, context)
