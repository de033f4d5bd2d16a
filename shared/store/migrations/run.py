"""Runs Alembic's commands against a database, on a connection of ours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from shared.store.migrate import Ownership

_MIGRATIONS: Final = Path(__file__).parent


async def upgrade(url: str, ownership: Ownership) -> None:
    """Run the migrations that a database lacks."""
    await run(url, ownership, lambda config: command.upgrade(config, "head"))


async def run(url: str, ownership: Ownership, act: Callable[[Config], None]) -> None:
    """Run an Alembic command against a database."""
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(url), poolclass=NullPool
    )

    def on(connection: Connection) -> None:
        act(_config(connection, ownership))

    try:
        async with engine.begin() as connection:
            await connection.run_sync(on)
    finally:
        await engine.dispose()


def _config(connection: Connection, ownership: Ownership) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    attributes: dict[str, Any] = {
        "connection": connection,
        "ownership": ownership.types,
        "door_keeper": ownership.door_keeper,
    }
    config.attributes.update(attributes)
    return config
