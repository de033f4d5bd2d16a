"""The generation of what is searched: a release's rules, and the parameters registered until then.

Every write says in the same statement by which generation it indexed. Where that is no longer the
site's, it is taken back, and made again by the parameters of now.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from shared.fhir.definitions import RESOURCE_TYPES, TYPE_CODE
from shared.fhir.errors import EditConflict
from shared.fhir.search.index_version import INDEX_VERSION
from shared.fhir.search.stored import Registered, stored_parameters

if TYPE_CHECKING:
    from collections.abc import Iterable

    import asyncpg

    from shared.fhir.search.stored import Stored

_SITE: Final = (
    "SELECT search_generation, search_version, search_since FROM record.site WHERE tenant = $1"
)
_PARAMETERS: Final = (
    "SELECT number, generation, definition FROM record.search_parameter "
    "WHERE tenant = $1 AND NOT retired ORDER BY number"
)
_IS_EMPTY: Final = (
    "SELECT NOT EXISTS (SELECT FROM record.search_row WHERE tenant = $1) "
    "AND NOT EXISTS (SELECT FROM record.reindex WHERE tenant = $1)"
)
_BEGIN: Final = "SELECT record.begin_generation($1, $2::smallint[])"


class StaleParameters(EditConflict):
    """The search parameters that this process knows are not those of the record any more."""


class Standing(NamedTuple):
    """The site's generation, the rules it is by, and since which generation they are the same."""

    generation: int
    version: int
    since: int

    @property
    def is_later(self) -> bool:
        """Tell whether the rules are those of a later release."""
        return self.version > INDEX_VERSION


async def standing(connection: asyncpg.Connection, tenant: int) -> Standing:
    """Ask for the site's generation."""
    return Standing(*(await connection.fetchrow(_SITE, tenant) or (0, INDEX_VERSION, 0)))


async def begin_generation(connection: asyncpg.Connection, types: Iterable[str]) -> int:
    """Let all rows of these types be indexed anew, by this release's rules."""
    codes = [TYPE_CODE[name] for name in types]
    generation: int = await connection.fetchval(_BEGIN, INDEX_VERSION, codes)
    return generation


async def bring_forward(connection: asyncpg.Connection, tenant: int) -> None:
    """Let a record of an older release be indexed anew; one that holds nothing has no need."""
    if (await standing(connection, tenant)).version >= INDEX_VERSION:
        return
    async with connection.transaction():
        # Of the processes that start together, one begins it.
        await connection.execute("SELECT 1 FROM record.site WHERE tenant = $1 FOR UPDATE", tenant)
        if (await standing(connection, tenant)).version < INDEX_VERSION:
            is_empty = await connection.fetchval(_IS_EMPTY, tenant)
            await begin_generation(connection, () if is_empty else RESOURCE_TYPES)


async def load(connection: asyncpg.Connection, tenant: int) -> tuple[Standing, Stored]:
    """Read the site's generation and the parameters that were registered until then."""
    # In this order: a parameter that comes in between is found out by its generation.
    at = await standing(connection, tenant)
    rows = await connection.fetch(_PARAMETERS, tenant)
    found = [Registered(number, since, json.loads(text)) for number, since, text in rows]
    return at, stored_parameters(at.generation, found)
