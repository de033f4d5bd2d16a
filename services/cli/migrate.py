"""`stepdown migrate`: brings a database to this release's schema."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Final

import asyncpg

from services.cli.console import Failure, console
from services.record import ownership
from shared.store import migrate as store_migrate
from shared.store.roles import RoleError
from shared.store.waiting import until_done, until_it_answers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

# A person at a terminal would rather know; a program that runs waits longer.
_PATIENCE_SECONDS: Final = 10.0
UNREADABLE: Final = (
    "STEPDOWN_DATABASE_URL cannot be read; it must be like postgresql://owner:password@host/name."
)


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
    """Run the migrations, and set the services' roles right even where none is missing.

    :raises Failure: when the database does not answer or the URL may not migrate it.
    """
    # The owner's password may be new, and with it those of the services' roles.
    _run(url, store_migrate.migrate)


def prepare_now(url: str) -> None:
    """Bring the database to this release's schema where the URL may, and check it otherwise.

    :raises Failure: when the database does not answer or is not ready for this release.
    """
    _run(url, store_migrate.prepare)


def _run(url: str, act: Callable[[str, store_migrate.Ownership], Awaitable[None]]) -> None:
    async def patiently() -> None:
        try:
            await until_it_answers(url, _PATIENCE_SECONDS)
        except ValueError:
            raise Failure(UNREADABLE) from None
        await until_done(lambda: act(url, ownership()), _PATIENCE_SECONDS)

    try:
        asyncio.run(patiently())
    except (OSError, asyncpg.PostgresError, RoleError) as error:
        raise Failure(_sentence(error)) from error
    except store_migrate.NotMigrated as error:
        raise Failure(str(error)) from error


def _sentence(error: Exception) -> str:
    match error:
        case RoleError():
            return str(error)
        case asyncpg.InvalidPasswordError() | asyncpg.InvalidAuthorizationSpecificationError():
            return "The database refuses the user or password of STEPDOWN_DATABASE_URL."
        case asyncpg.InvalidCatalogNameError():
            return "There is no database of the name in STEPDOWN_DATABASE_URL."
        case asyncpg.InsufficientPrivilegeError():
            return (
                "STEPDOWN_DATABASE_URL must be the owner's: its role may not migrate the database."
            )
    return f"The database of STEPDOWN_DATABASE_URL does not answer ({type(error).__name__})."
