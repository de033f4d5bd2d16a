"""Indexes the rows of a service's own types anew, batch by batch, beside reads and writes.

A batch is one transaction, under the locks of its resources: whoever writes one of them meanwhile
waits a moment, and a process that ends in the middle leaves whole batches behind. No resource
changes: there is no new version, no event and no audit.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from shared.access.access import Access
from shared.fhir.definitions import TYPE_CODE
from shared.store import reindex_statements as statements
from shared.store.generation import standing
from shared.store.reading import Reading, version_of
from shared.store.rows import columns, indexed_anew, text_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import asyncpg

    from shared.store.rows import Row
    from shared.store.store import Store

_BATCH: Final = 50
# Profiles and terminology, which a service asks for before it can begin.
_FIRST: Final = [
    TYPE_CODE[name] for name in ("CodeSystem", "SearchParameter", "StructureDefinition", "ValueSet")
]


class _Walk(NamedTuple):
    """The type that is walked, for which generation, and up to where."""

    type: int
    wanted: int
    position: int
    total: int | None


class Reindexer:
    """What indexes the types of one service; any number may run at once."""

    def __init__(self, store: Store, types: Iterable[str]) -> None:
        self._store = store
        self._codes = [TYPE_CODE[name] for name in types]
        named = f"reindex of {store.service} for {store.tenant}"
        self._lock = int.from_bytes(hashlib.sha256(named.encode()).digest()[:8], signed=True)
        # The generation that all new transactions know of, and those that may not.
        self._settled = -1
        self._earlier: set[tuple[str, int]] = set()

    async def turn(self) -> bool:
        """Index a batch; tell whether there may be more to do at once."""
        tenant = self._store.tenant
        async with self._store.pool.connection() as connection:
            found = await connection.fetchrow(statements.NEXT, tenant, self._codes, _FIRST)
            if found is None:
                return False
            at = await standing(connection, tenant)
        walk = _Walk(*found)
        if at.generation != self._store.texts.stored.generation or at.is_later:
            await self._store.refresh_parameters()
        if self._store.is_outdated:
            return False
        async with self._store.pool.connection() as connection:
            if not await self._is_settled(connection, at.generation):
                return False
            async with connection.transaction():
                alone: bool = await connection.fetchval(statements.ALONE, self._lock)
                if alone:
                    await self._batch(connection, walk)
        return alone

    async def _is_settled(self, connection: asyncpg.Connection, generation: int) -> bool:
        """Tell whether every transaction has ended that may write by what was known before."""
        if self._settled != generation:
            self._earlier = await _running(connection)
            self._settled = generation
        elif self._earlier:
            self._earlier &= await _running(connection)
        return not self._earlier

    async def _batch(self, connection: asyncpg.Connection, walk: _Walk) -> None:
        of = self._store.tenant, walk.type
        if walk.total is None:
            await connection.execute(statements.COUNT, *of, walk.wanted)
        found = await connection.fetch(statements.BATCH, *of, walk.position, walk.wanted, _BATCH)
        if not found:
            await connection.execute(statements.COMPLETE, *of, walk.wanted, walk.position)
            return
        ids = [row["id"] for row in found]
        await connection.execute(statements.HOLD, *of, ids)
        rows = await self._rows(
            connection, await connection.fetch(statements.CURRENT, *of, ids, walk.wanted)
        )
        if rows:
            await connection.execute(
                statements.INDEX,
                self._store.tenant,
                *columns(rows, self._store.tenant),
                *text_columns(rows),
                self._store.texts.stored.generation,
            )
        last = found[-1]["pk"]
        await connection.execute(statements.ADVANCE, *of, walk.wanted, last, len(found))

    async def _rows(
        self, connection: asyncpg.Connection, current: Sequence[asyncpg.Record]
    ) -> list[Row]:
        texts, tenant = self._store.texts, self._store.tenant
        rows = [
            (indexed_anew(version_of(columns_), tenant, texts), patient)
            for *columns_, patient in current
        ]
        reading = Reading(connection, Access.system("reindex", tenant), b"")
        pks = await reading.existing({key for row, _ in rows for key in row.targets})
        return [replace(row.with_keys(pks), patient_pk=patient) for row, patient in rows]


async def _running(connection: asyncpg.Connection) -> set[tuple[str, int]]:
    return {tuple(row) for row in await connection.fetch(statements.RUNNING)}
