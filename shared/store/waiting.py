"""Waits for a PostgreSQL that is starting, or is being started again after a crash."""

from __future__ import annotations

import asyncio
from typing import Final

import asyncpg

from shared.store.pool import LOST

_PAUSE_SECONDS: Final = 0.2


async def until_it_answers(url: str, patience_seconds: float) -> None:
    """Return as soon as the server lets one in.

    Whatever it says last, when that takes too long, is raised; a refusal of the URL is at once.
    """
    clock = asyncio.get_running_loop().time
    until = clock() + patience_seconds
    while True:
        try:
            connection = await asyncpg.connect(url, timeout=10)
        except asyncpg.InterfaceError:
            raise  # the URL cannot be read, and never will
        except LOST:
            if clock() > until:
                raise
        else:
            await connection.close(timeout=2)
            return
        await asyncio.sleep(_PAUSE_SECONDS)
