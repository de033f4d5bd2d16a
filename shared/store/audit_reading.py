"""Reads of the audit, and how any search is run: by the same connection, access and rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from shared.fhir.definitions import TYPE_NAME
from shared.fhir.errors import NotSupported, TooCostly
from shared.fhir.search.parameters import is_view
from shared.fhir.search.query import Chain
from shared.fhir.search.stored import NOTHING
from shared.fhir.search.uses import uses_of
from shared.store.audit_chains import MOST_ENDS, wide_statement
from shared.store.audit_order import MOST_SORTED, is_by_time
from shared.store.audit_relations import (
    MOST_FOLLOWED,
    events_of,
    events_told_statement,
    told_statement,
)
from shared.store.audit_search import (
    audit_count_statement,
    audit_cut_statement,
    audit_page_statement,
    audit_row_statement,
    audit_size_statement,
    audited,
)
from shared.store.audit_walks import MOST_LOOKED_AT
from shared.store.searchable import fetch_complete

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import asyncpg

    from shared.access.access import Access
    from shared.fhir.search.query import Has, Query, Restriction
    from shared.fhir.search.stored import Stored
    from shared.fhir.search.uses import Asked
    from shared.store.audit import Audited
    from shared.store.narrowing import Use
    from shared.store.page_key import PageKey
    from shared.store.search.arguments import Statement

_MAY_READ: Final = "SELECT has_table_privilege('record.audit', 'SELECT')"


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

        :raises TooCostly: when there is too much to sort, or to look at.
        """
        await self._refuse_wide(query.criteria)
        is_sorted = not is_by_time(query)
        if is_sorted:
            await self._refuse_cut(query, None)
            await self._refuse_many(query)
        statement = audit_page_statement(query, self.access, page_key, secret=self.paging_key)
        rows = await self._complete(statement, uses_of(query))
        found = [audited(row, self.paging_key) for row in rows]
        if not is_sorted:
            await self._refuse_cut(query, page_key, _farthest(found, query, page_key))
        return found

    async def audit_count(self, query: Query) -> int:
        """Count the rows of the audit that match, all of which the caller may see.

        :raises TooCostly: when there is too much to look at.
        """
        await self._refuse_wide(query.criteria)
        await self._refuse_cut(query, None)
        return await self._counted(
            audit_count_statement(query, self.access, secret=self.paging_key), query
        )

    async def audit_beside(self, query: Query, use: Use) -> tuple[list[Audited], bool]:
        """Find the newest rows that match, for another use, and tell whether there are more."""
        await self._refuse_wide(query.criteria)
        access, secret = self.access, self.paging_key
        statement = audit_page_statement(query, access, None, secret=secret, beside=use)
        rows = await self._complete(statement, uses_of(query))
        cut = audit_cut_statement(query, access, secret=secret, beside=use)
        is_cut = len(rows) > query.count or await self._holds(cut, query)
        return [audited(row, secret) for row in rows[: query.count]], is_cut

    async def audit_told(self, has: Has) -> set[tuple[str, str]]:
        """Find the types and ids of all that AuditEvents which meet a criterion tell of.

        :raises TooCostly: when these are too many.
        """
        await self._refuse_wide([has.criterion])
        statement = told_statement(has, self.access, secret=self.paging_key)
        asked = uses_of(events_of(has.criterion, 0))
        [(is_cut, codes, ids)] = await self._complete(statement, asked)
        if is_cut:
            raise TooCostly(
                f"_has follows at most {MOST_FOLLOWED:,} AuditEvents. Ask for fewer, as by a time, "
                f"_has:AuditEvent:{has.parameter.code}:date=ge2026-03-01; or search AuditEvent by "
                f"several criteria with _include=AuditEvent:{has.parameter.code}."
            )
        names = (TYPE_NAME[code] for code in codes)
        return set(zip(names, ids, strict=True))

    async def audit_events_told(self, positions: Sequence[int]) -> list[str]:
        """Find the ids of the AuditEvents that rows tell of."""
        statement = events_told_statement(positions, self.access)
        return [row[0] for row in await self._fetch(statement.sql, statement.args)]

    async def refuse_without_audit(self) -> None:
        """Refuse where the audit may not be read.

        :raises NotSupported: this service may not.
        """
        if not (await self._fetch(_MAY_READ, ()))[0][0]:
            raise NotSupported(
                "Only intake_api reads the audit: ask it, as in "
                "[base]?_type=Observation&_has:AuditEvent:entity:date=ge2026-03-01."
            )

    async def _refuse_wide(self, criteria: Iterable[Restriction]) -> None:
        """Refuse chains that lead to more resources than are followed."""
        for each in criteria:
            if not isinstance(each, Chain):
                continue
            asked = events_of(each, 0)
            if await self._holds(wide_statement(each, self.access), asked):
                raise TooCostly(
                    f"A chain from an AuditEvent leads to at most {MOST_ENDS:,} resources; ask "
                    f"'{each.parameter.code}' for fewer."
                )

    async def _refuse_cut(
        self, query: Query, page_key: PageKey | None, last: Audited | None = None
    ) -> None:
        """Refuse what ends before all that could match was looked at, or come before the last."""
        cut = audit_cut_statement(query, self.access, page_key, secret=self.paging_key, last=last)
        if await self._holds(cut, query):
            raise TooCostly(
                f"At most {MOST_LOOKED_AT:,} AuditEvents are looked at, and there are more; "
                "narrow the search, as by date=ge2026-03-01&date=lt2026-03-08 or to a patient."
            )

    async def _holds(self, statement: Statement | None, query: Query) -> bool:
        return statement is not None and bool(await self._counted(statement, query))

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
        # The rows of the audit stand for themselves: nothing of them is indexed.
        indexed = [each for each in uses if not is_view(each[0])]
        return await fetch_complete(self._connection, statement, indexed, self.stored)

    async def _fetch(self, sql: str, args: Sequence[Any]) -> Sequence[asyncpg.Record]:
        rows: Sequence[asyncpg.Record] = await self._connection.fetch(sql, *args)
        return rows


def _farthest(found: Sequence[Audited], query: Query, page_key: PageKey | None) -> Audited | None:
    """Find the last row of a full page on the way that is gone; None where the way ends."""
    if len(found) <= query.count:
        return None
    is_backward = page_key is not None and page_key.backward
    return found[-query.count] if is_backward else found[query.count - 1]
