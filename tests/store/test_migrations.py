"""The migrations make the tables that the classes describe, and nothing else."""

from __future__ import annotations

from alembic import command

from services.record import ownership
from shared.store.migrations.run import run


async def test_the_database_is_as_the_classes_say(database_url: str) -> None:
    await run(database_url, ownership(), command.check)
