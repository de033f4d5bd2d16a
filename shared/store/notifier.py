"""Tells consumers that the feed has grown, from a connection of its own.

NOTIFY inside a write transaction takes a global lock (8,200 commits/s become 700), so it is sent
after the commit, at most once per 20 ms. A lost one costs latency only: consumers also poll.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

import asyncpg

from shared.store.pool import LOST

FEED_CHANNEL: Final = "stepdown_feed"
CLOCK_CHANNEL: Final = "stepdown_clock"
SEARCH_CHANNEL: Final = "stepdown_search"
_PAUSE_SECONDS: Final = 0.02

_log = logging.getLogger(__name__)


class Notifier:
    """Sends NOTIFY on behalf of one process's commits."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._grown = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._connection: asyncpg.Connection | None = None

    def nudge(self) -> None:
        """Say that something was committed; returns at once."""
        self._grown.set()

    async def start(self) -> None:
        """Begin to send."""
        self._task = asyncio.create_task(self._send())

    async def stop(self) -> None:
        """Send nothing more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task], timeout=2)
        if self._connection is not None:
            self._connection.terminate()

    async def _send(self) -> None:
        while True:
            await self._grown.wait()
            self._grown.clear()
            try:
                if self._connection is None or self._connection.is_closed():
                    self._connection = await asyncpg.connect(self._url, timeout=5)
                await self._connection.execute(f"NOTIFY {FEED_CHANNEL}", timeout=5)
            except (*LOST, asyncpg.PostgresError):
                _log.warning("the feed's wake-up could not be sent; consumers will poll")
            await asyncio.sleep(_PAUSE_SECONDS)
