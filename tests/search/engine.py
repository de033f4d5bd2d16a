"""Asks the search that is judged: a record in a tenant of its own, read page by page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from shared.access.access import ANONYMOUS
from shared.access.policy import Policy
from shared.fhir.reader import read
from shared.fhir.search.reading import Reading as Texts
from shared.server.request import Context, FhirRequest
from shared.server.searches import query_of
from shared.store.reading import Reading
from shared.store.search import (
    Shown,
    count_statement,
    matching_statement,
    page_statement,
    position,
)
from shared.store.version import Key
from tests.search.generated.datatypes import BASE
from tests.store.search_record import NOW, Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime, tzinfo

    import asyncpg

    from shared.fhir.search.query import Query
    from shared.store.page_key import PageKey
    from tests.search.generated.queries import Search

_MOST: Final = 1000


class Engine:
    """A record that is searched."""

    def __init__(self, connection: asyncpg.Connection, zone: tzinfo) -> None:
        self._connection, self._zone = connection, zone
        self._record = Record(connection, reading=Texts(zone, (BASE,), NOW))
        self._reading = Reading(connection, self._record.access, b"")

    async def write(self, resources: Iterable[tuple[str, datetime]]) -> None:
        """Write JSON texts, each as it was at a time."""
        trees: list[dict[str, Any]] = []
        for text, updated in resources:
            tree: Any = read(text.encode())
            trees.append({**tree, "_updated": updated})
        await self._record.write(trees)

    async def query(self, search: Search) -> Query:
        """Read a search as the server does."""
        is_single = len(search.types) == 1
        asked = tuple(parse_qsl(search.raw, keep_blank_values=True))
        request = FhirRequest(
            "GET",
            "search-type" if is_single else "search-system",
            type=search.types[0] if is_single else None,
            compartment=search.compartment,
            query=asked if is_single else (("_type", ",".join(search.types)), *asked),
            headers={"prefer": "handling=lenient"} if search.lenient else {},
        )
        access = self._record.access
        context = Context(ANONYMOUS, access, NOW, "test", BASE, (BASE,), self._zone, Policy())
        return await query_of(self._reading, request, context)

    async def matches(self, query: Query) -> list[tuple[str, str]]:
        """Find all matches in order, on one page."""
        return self._keys(await self._page(_with_count(query, _MOST), None))

    async def walk(self, query: Query, count: int) -> list[tuple[str, str]]:
        """Follow the pages to the end, and back again, which must show the same."""
        query = _with_count(query, count)
        rows: list[asyncpg.Record] = []
        key: PageKey | None = None
        while True:
            page = await self._page(query, key)
            rows += page[:count]
            if len(page) <= count:
                break
            key = position(rows[-1])
        for place in range(len(rows) - 1, 0, -count):
            page = await self._page(query, position(rows[place], backward=True))
            assert self._keys(page) == self._keys(rows[max(place - count - 1, 0) : place])
        return self._keys(rows)

    async def count(self, query: Query) -> int:
        """Count the matches."""
        statement = count_statement(query, self._record.access)
        total: int = await self._connection.fetchval(statement.sql, *statement.args)
        return total

    async def first_two(self, query: Query) -> list[str]:
        """Find the ids of up to two matches in the order of their making."""
        statement = matching_statement(query, self._record.access)
        rows = await self._connection.fetch(statement.sql, *statement.args)
        return [row["id"] for row in rows]

    async def beside(self, query: Query, keys: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        """Find what is included beside matches."""
        shown = [Shown(Key(*key), self._record.pks["/".join(key)]) for key in keys]
        found, is_cut = await self._reading.included(query.includes, shown)
        assert not is_cut
        return {(each.key.type, each.key.id) for each in found}

    def _keys(self, rows: Sequence[asyncpg.Record]) -> list[tuple[str, str]]:
        keys = {pk: key for key, pk in self._record.pks.items()}
        return [(keys[row["pk"]].partition("/")[0], row["id"]) for row in rows]

    async def _page(self, query: Query, key: PageKey | None) -> list[asyncpg.Record]:
        statement = page_statement(query, self._record.access, key)
        return list(await self._connection.fetch(statement.sql, *statement.args))


def _with_count(query: Query, count: int) -> Query:
    parts = tuple(replace(each, count=count) for each in query.parts)
    return replace(query, count=count, parts=parts)
