"""Refuses a search that rows could be missing from, because they are indexed in an older way.

A search's own statement tells whether all is complete, of the same moment as its rows. Only where
it is not is looked closer, in the transaction of the search, and the search run after that: an
indexing anew begins when every transaction that runs has ended, so what is found complete stays so.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from shared.fhir.definitions import TYPE_CODE, TYPE_NAME
from shared.fhir.errors import Unavailable
from shared.fhir.search.index_version import INDEX_VERSION
from shared.store.generation import StaleParameters, Standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import asyncpg

    from shared.fhir.search.stored import Stored
    from shared.fhir.search.uses import Asked
    from shared.store.search.arguments import Statement

# Beside each row the record's generation, or NULL where rows of the types may be of an older one.
# One row that is joined to others leaves them in their order.
_COMPLETE: Final = (
    "SELECT m.*, g.generation FROM (SELECT (SELECT s.search_generation FROM record.site s "
    f"WHERE s.tenant = $1::int AND s.search_version <= {INDEX_VERSION:d} AND NOT EXISTS ("
    "SELECT FROM record.reindex r WHERE r.tenant = s.tenant AND r.type = ANY({types}::smallint[]) "
    "AND r.generation < r.wanted)) AS generation) g LEFT JOIN ({sql}) m ON true"
)
_BEHIND: Final = (
    "SELECT s.search_generation, s.search_version, s.search_since, ("
    "SELECT json_agg(json_build_array(r.type, r.generation, r.done, r.total) ORDER BY r.type) "
    "FROM record.reindex r WHERE r.tenant = s.tenant AND r.type = ANY($2::smallint[]) "
    "AND r.generation < r.wanted)::text FROM record.site s WHERE s.tenant = $1"
)
_RETRY_AFTER: Final = {"Retry-After": "5"}


async def fetch_complete(
    connection: asyncpg.Connection, statement: Statement, uses: Iterable[Asked], stored: Stored
) -> list[tuple[Any, ...]]:
    """Run a search, all rows of whose types are indexed by the parameters in use.

    The statement's first argument is the tenant, and its first column is never NULL.

    :raises Unavailable: when they are not yet; it tells how many are.
    :raises StaleParameters: when a stored parameter may have changed meanwhile.
    """
    needed = _generations(uses, stored)
    codes = [TYPE_CODE[name] for name in needed]
    sql = _COMPLETE.format(types=f"${len(statement.args) + 1}", sql=statement.sql)
    rows: Sequence[Any] = await connection.fetch(sql, *statement.args, codes)
    generation = rows[0][-1]
    if generation is None or (any(needed.values()) and generation != stored.generation):
        await _refuse_incomplete(connection, statement.args[0], needed, stored)
        return [tuple(row) for row in await connection.fetch(statement.sql, *statement.args)]
    # Beside no row at all the generation stands alone.
    return [tuple(row)[:-1] for row in rows if row[0] is not None]


async def _refuse_incomplete(
    connection: asyncpg.Connection, tenant: int, needed: Mapping[str, int], stored: Stored
) -> None:
    codes = [TYPE_CODE[name] for name in needed]
    row = await connection.fetchrow(_BEHIND, tenant, codes)
    if row is None:
        return
    *numbers, told = row
    at = Standing(*numbers)
    if any(needed.values()) and at.generation != stored.generation:
        raise StaleParameters("The search parameters changed at the same moment.")
    if at.is_later:
        raise Unavailable(
            "A later release has indexed the record anew; this one cannot search it any more.",
            headers=_RETRY_AFTER,
        )
    for code, generation, done, total in json.loads(told or "[]"):
        if generation < max(at.since, needed[TYPE_NAME[code]]):
            raise Unavailable(_progress(TYPE_NAME[code], done, total), headers=_RETRY_AFTER)


def _generations(uses: Iterable[Asked], stored: Stored) -> dict[str, int]:
    """Tell since which generation each type has all its parameters that are in use."""
    found: dict[str, int] = {}
    for name, parameter in uses:
        since = None if parameter is None else stored.since(name, parameter.number)
        found[name] = max(found.get(name, 0), since or 0)
    return found


def _progress(resource_type: str, done: int, total: int | None) -> str:
    told = "it begins soon" if total is None else f"{done:,} of {max(done, total):,} are done"
    return f"What {resource_type} is searched by is being indexed anew: {told}."
