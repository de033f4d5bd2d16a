"""Refuses a search that rows could be missing from, because they are indexed in an older way.

It is asked in the transaction of the search. An indexing anew begins when every transaction that
runs has ended, so what is found complete here stays so until the search is answered.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from shared.fhir.definitions import TYPE_CODE, TYPE_NAME
from shared.fhir.errors import Unavailable
from shared.store.generation import StaleParameters, Standing

if TYPE_CHECKING:
    from collections.abc import Iterable

    import asyncpg

    from shared.fhir.search.stored import Stored
    from shared.fhir.search.uses import Asked

_BEHIND: Final = (
    "SELECT s.search_generation, s.search_version, s.search_since, ("
    "SELECT json_agg(json_build_array(r.type, r.generation, r.done, r.total) ORDER BY r.type) "
    "FROM record.reindex r WHERE r.tenant = s.tenant AND r.type = ANY($2::smallint[]) "
    "AND r.generation < r.wanted)::text FROM record.site s WHERE s.tenant = $1"
)
_RETRY_AFTER: Final = {"Retry-After": "5"}


async def refuse_incomplete(
    connection: asyncpg.Connection, tenant: int, uses: Iterable[Asked], stored: Stored
) -> None:
    """Check that all rows of the types in use are indexed by the parameters in use.

    :raises Unavailable: when they are not yet; it tells how many are.
    :raises StaleParameters: when a stored parameter may have changed meanwhile.
    """
    needed = _generations(uses, stored)
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
