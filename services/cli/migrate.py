"""`stepdown migrate`: brings a database to this release's schema."""

from __future__ import annotations

import asyncio
import os

import asyncpg

from services.cli.console import Failure, console
from services.record import ownership
from shared.store import migrate as store_migrate
from shared.store.roles import RoleError


def migrate() -> None:
    """Migrate the database of STEPDOWN_DATABASE_URL, which must be its owner's.

    Makes the roles and the tables that are missing, and gives the services' roles the passwords
    that follow from the owner's; safe to run again, and from several places at once.
    `stepdown serve` does the same when it starts.

    Example: `STEPDOWN_DATABASE_URL=postgresql://… stepdown migrate`
    """
    url = os.environ.get("STEPDOWN_DATABASE_URL")
    if not url:
        raise Failure("`stepdown migrate` needs STEPDOWN_DATABASE_URL, the owner's.")
    migrate_now(url)
    console.print(f"The database is at migration {store_migrate.head()}.")


def migrate_now(url: str) -> None:
    """Run the migrations.

    :raises Failure: when the database does not answer or the URL may not migrate it.
    """
    try:
        # Not `prepare`, which trusts a schema that is up to date: the owner's password may be new,
        # and with it those of the services' roles.
        asyncio.run(store_migrate.migrate(url, ownership()))
    except (OSError, asyncpg.PostgresError, RoleError) as error:
        raise Failure(_sentence(error)) from error


def _sentence(error: Exception) -> str:
    if isinstance(error, RoleError):
        return str(error)
    if isinstance(error, asyncpg.InvalidPasswordError):
        return "The database refuses the password of STEPDOWN_DATABASE_URL."
    if isinstance(error, asyncpg.InsufficientPrivilegeError):
        return "STEPDOWN_DATABASE_URL must be the owner's: its role may not migrate the database."
    return f"The database does not answer as it should ({type(error).__name__})."
