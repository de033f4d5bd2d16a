"""Brings a database to this release's schema; several services may ask at the same moment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import asyncpg

from shared.access.access import DEFAULT_TENANT
from shared.fhir.search.index_version import INDEX_VERSION
from shared.store.moved_in import is_from_elsewhere, settle_in
from shared.store.roles import ensure_roles, is_owner_url

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSIONS: Final = Path(__file__).parent / "migrations" / "versions"
# Any number that no one else uses: PostgreSQL's advisory locks are named by numbers.
_LOCK: Final = 0x57E9_D0_01


# A record that holds nothing yet needs no indexing anew.
_COMPLETE: Final = """
UPDATE record.site s SET search_version = $1
WHERE s.search_version = 0 AND NOT EXISTS (
  SELECT FROM record.search_row r WHERE r.tenant = s.tenant)
"""


class NotMigrated(Exception):
    """The database's schema is not the one that this release needs."""


@dataclass(frozen=True, slots=True)
class Ownership:
    """Which service owns which types, and which one keeps the cross-owner door."""

    types: Mapping[str, tuple[str, ...]]
    door_keeper: str


def head() -> str:
    """Name the migration that this release needs: they are numbered, and the last one is it."""
    return max(path.name.partition("_")[0] for path in VERSIONS.glob("[0-9]*.py"))


def is_behind(migration: str | None) -> bool:
    """Tell whether a schema lacks what this release needs.

    A release runs on the schema of the next one too, so only an older one does.
    """
    return migration is None or migration < head()


async def current(url: str) -> str | None:
    """Name the migration that a database is at; None when it has none."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        if await connection.fetchval("SELECT to_regclass('public.migration')") is None:
            return None
        name: str | None = await connection.fetchval("SELECT version_num FROM public.migration")
        return name
    finally:
        await connection.close()


async def migrate(url: str, ownership: Ownership) -> None:
    """Make the roles and run what is missing, while others wait for the same.

    :raises RoleError: when the URL carries no password for the roles to derive theirs from.
    """
    connection = await asyncpg.connect(url, timeout=10)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        await ensure_roles(connection, url, ownership.types)
        if is_behind(await current(url)):
            await _upgrade(url, ownership)
        await _grant_connect(connection, ownership)
        await connection.execute(_COMPLETE, INDEX_VERSION)
        await settle_in(connection, ownership.types)
    finally:
        await connection.close()


async def _upgrade(url: str, ownership: Ownership) -> None:
    # Alembic is half of what a program loads at its start, and most starts find nothing to do.
    from shared.store.migrations.run import upgrade  # noqa: PLC0415

    await upgrade(url, ownership)


async def _grant_connect(connection: asyncpg.Connection, ownership: Ownership) -> None:
    database = await connection.fetchval("SELECT quote_ident(current_database())")
    for service in ownership.types:
        await connection.execute(f"GRANT CONNECT ON DATABASE {database} TO stepdown_{service}")
    await connection.execute("GRANT SELECT ON public.migration TO PUBLIC")


async def prepare(url: str, ownership: Ownership, tenant: int = DEFAULT_TENANT) -> None:
    """Bring the database to this release's schema where the URL may, and check it otherwise.

    :raises NotMigrated: when a service's own role finds a database that is not ready for it.
    """
    if not is_behind(await current(url)) and not await is_from_elsewhere(url, tenant):
        return
    if not is_owner_url(url, ownership.types):
        raise NotMigrated("The database is not migrated; run `stepdown migrate` as its owner.")
    await migrate(url, ownership)
