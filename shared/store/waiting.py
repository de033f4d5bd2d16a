"""Waits for a PostgreSQL that is starting, or is being started again after a crash."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

import asyncpg

from shared.fhir.errors import EditConflict, Unavailable
from shared.store.pool import LOST

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

# What may go better the next time: the server was away, or another process was there first.
_PASSING: Final = (*LOST, Unavailable, EditConflict)
_PAUSE_SECONDS: Final = 0.1
_LONGEST_PAUSE_SECONDS: Final = 2.0

_log = logging.getLogger(__name__)


async def until_it_answers(url: str, patience_seconds: float) -> None:
    """Return as soon as the server lets one in.

    Whatever it says last, when that takes too long, is raised; a refusal of the URL is at once.
    """

    async def look() -> None:
        connection = await asyncpg.connect(url, timeout=10)
        await connection.close(timeout=2)

    await until_done(look, patience_seconds)


async def until_done(act: Callable[[], Awaitable[object]], patience_seconds: float) -> None:
    """Do what may be done twice, from its beginning whenever the server fails in the middle of it.

    What it meets last, when that takes too long, is raised; what will never change is at once.
    """
    clock = asyncio.get_running_loop().time
    until = clock() + patience_seconds
    pause = _PAUSE_SECONDS
    while True:
        try:
            await act()
        except asyncpg.ClientConfigurationError:
            raise  # the URL cannot be read, and never will
        except _PASSING as error:
            if clock() > until:
                raise
            if pause == _PAUSE_SECONDS:
                _log.warning("the record is not ready yet: %s", type(error).__name__)
        else:
            return
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
