"""Reads of the audit, and how any search is run: by the same connection, access and rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import asyncpg

from shared.fhir.errors import NotSupported, TooCostly
from shared.fhir.search.parameters import is_view
from shared.fhir.search.stored import NOTHING
from shared.fhir.search.uses import uses_of
from shared.store.audit_order import MOST_SORTED, is_by_time
from shared.store.audit_search import (
    audit_count_statement,
    audit_page_statement,
    audit_row_statement,
    audit_size_statement,
    audited,
)
from shared.store.searchable import fetch_complete

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shared.access.access import Access
    from shared.fhir.search.query import Query
    from shared.fhir.search.stored import Stored
    from shared.fhir.search.uses import Asked
    from shared.store.audit import Audited
    from shared.store.page_key import PageKey
    from shared.store.search.arguments import Statement


class AuditReading:
    """What a caller can read of the audit through one connection."""

    def __init__(
        self,
        connection: asyncpg.Connection,
        access: Access,
        paging_key: bytes,
        stored: Stored = NOTHING,
    ) -> None:
        self._connection = connection
        self.access = access
        # Signs the links of pages, so that nobody can make one up.
        self.paging_key = paging_key
        # The search parameters that the record holds, by which queries are read.
        self.stored = stored

    async def audit_row(self, logical_id: str) -> Audited | None:
        """Read a row of the audit; None where there is nothing to see."""
        statement = audit_row_statement(logical_id, self.access, secret=self.paging_key)
        rows = await self._fetch(statement.sql, statement.args)
        return audited(rows[0], self.paging_key) if rows else None

    async def audit_page(self, query: Query, page_key: PageKey | None) -> list[Audited]:
        """Run a search of the audit for one page, and one row more where there is a next page.

        :raises TooCostly: when there is too much to sort.
        """
        if not is_by_time(query):
            await self._refuse_many(query)
        statement = audit_page_statement(query, self.access, page_key, secret=self.paging_key)
        rows = await self._complete(statement, uses_of(query))
        return [audited(row, self.paging_key) for row in rows]

    async def audit_count(self, query: Query) -> int:
        """Count the rows of the audit that match, all of which the caller may see."""
        return await self._counted(
            audit_count_statement(query, self.access, secret=self.paging_key), query
        )

    async def _refuse_many(self, query: Query) -> None:
        statement = audit_size_statement(query, self.access, secret=self.paging_key)
        if await self._counted(statement, query) > MOST_SORTED:
            raise TooCostly(
                f"More than {MOST_SORTED:,} AuditEvents match, which are sorted by 'date' only; "
                "narrow the search, as to a patient or some days, for another order."
            )

    async def _counted(self, statement: Statement, query: Query) -> int:
        rows = await self._complete(statement, uses_of(query))
        total: int = rows[0][0]
        return total

    async def _complete(self, statement: Statement, uses: Iterable[Asked]) -> list[tuple[Any, ...]]:
        asked = list(uses)
        # The rows of the audit stand for themselves: nothing of them is indexed.
        indexed = [each for each in asked if not is_view(each[0])]
        try:
            return await fetch_complete(self._connection, statement, indexed, self.stored)
        except asyncpg.InsufficientPrivilegeError as error:
            if len(indexed) == len(asked):
                raise
            raise NotSupported(
                "Only intake_api reads the audit: ask it, as in "
                "[base]?_type=Observation&_has:AuditEvent:entity:action=R."
            ) from error

    async def _fetch(self, sql: str, args: Sequence[Any]) -> Sequence[asyncpg.Record]:
        rows: Sequence[asyncpg.Record] = await self._connection.fetch(sql, *args)
        return rows
