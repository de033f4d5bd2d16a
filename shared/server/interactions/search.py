"""FHIR search of one type.

https://hl7.org/fhir/R4/http.html#search
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from shared.fhir.errors import NotSupported
from shared.fhir.outcome import operation_outcome
from shared.fhir.search.parse import parse
from shared.server.request import FhirResponse
from shared.server.searchset import searchset
from shared.store.page_key import PageKey, sign, verify
from shared.store.search import position

if TYPE_CHECKING:
    from collections.abc import Sequence

    import asyncpg

    from shared.fhir.search.query import Query
    from shared.server.request import Context, FhirRequest
    from shared.store.reading import Reading

_WHOLE: Final = frozenset({None, "false", "count"})


async def search(reading: Reading, request: FhirRequest, context: Context) -> FhirResponse:
    """Give one page of the matches, and links to the pages around it."""
    query = parse(
        request.type or "",
        request.query,
        zone=context.zone,
        now=context.now,
        bases=context.bases,
        lenient="handling=lenient" in request.headers.get("prefer", "").replace(" ", ""),
    )
    if query.result.summary not in _WHOLE or query.result.elements:
        raise NotSupported("_elements, and _summary other than count, are not served yet.")
    total = await reading.count(query) if query.total != "none" else None
    tenant, secret = reading.access.tenant, reading.paging_key
    key = verify(query.page, query, tenant, secret) if query.page is not None else None
    rows = await reading.page(query, key) if query.count else []
    page = _Page.cut(rows, query, key)
    links = [
        (relation, _link(query, context, None if at is None else sign(at, query, tenant, secret)))
        for relation, at in page.links(key)
    ]
    entries = (
        (f"{context.base}/{query.type}/{row['id']}", row["body"].encode()) for row in page.rows
    )
    outcome = operation_outcome(query.issues) if query.issues else None
    return FhirResponse(200, searchset(entries, links, total=total, outcome=outcome))


class _Page:
    """The rows of a page, and whether there are more before and after it."""

    def __init__(self, rows: Sequence[asyncpg.Record], *, before: bool, after: bool) -> None:
        self.rows = rows
        self._before = before
        self._after = after

    @classmethod
    def cut(cls, rows: Sequence[asyncpg.Record], query: Query, key: PageKey | None) -> _Page:
        """Take off the one row more that tells of a further page."""
        more = len(rows) > query.count
        if key is not None and key.backward:
            return cls(rows[1:] if more else rows, before=more, after=True)
        return cls(rows[: query.count], before=key is not None, after=more)

    def links(self, key: PageKey | None) -> list[tuple[str, PageKey | None]]:
        """Name the pages to link to; None is the first page."""
        found: list[tuple[str, PageKey | None]] = [("self", key), ("first", None)]
        if self._before and self.rows:
            found.append(("previous", position(self.rows[0], backward=True)))
        if self._after and self.rows:
            found.append(("next", position(self.rows[-1])))
        return found


def _link(query: Query, context: Context, page: str | None) -> str:
    pairs = [pair for pair in query.used if pair[0] != "_page"]
    if page is not None:
        pairs.append(("_page", page))
    url = f"{context.base}/{query.type}"
    return f"{url}?{urlencode(pairs)}" if pairs else url
