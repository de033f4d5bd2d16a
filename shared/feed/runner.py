"""Runs a service's part in the feed in the background of its program.

Of all runners of a service, in any number of processes, one leads: it holds an advisory lock of
the session on which all listen. When that connection ends, for whatever reason, so does all its
work; it begins again with a new connection, and another runner may have taken the lead.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from typing import TYPE_CHECKING, Final

from shared.feed.ahead import BATCH
from shared.feed.consumer import Consumer
from shared.feed.sender import Sender
from shared.feed.signal import Signal, end_if_cancelled
from shared.feed.state import FeedState
from shared.feed.timers import Timers
from shared.fhir.errors import Unavailable
from shared.store.notifier import CLOCK_CHANNEL, FEED_CHANNEL, SEARCH_CHANNEL

if TYPE_CHECKING:
    import asyncpg

    from shared.feed.reaction import Reactions
    from shared.feed.sender import Targets
    from shared.store.store import Store

_CHECK_SECONDS: Final = 0.5
_ANSWER_SECONDS: Final = 5.0
_STOP_SECONDS: Final = 2.0
_FIRST_PAUSE_SECONDS: Final = 0.1
_LONGEST_PAUSE_SECONDS: Final = 2.0

_log = logging.getLogger(__name__)


class FeedRunner:
    """The consumer, the timers and the sender of one service, as background tasks."""

    def __init__(
        self,
        store: Store,
        reactions: Reactions,
        *,
        targets: Targets,
        poll_seconds: float = 0.25,
    ) -> None:
        self.state = FeedState()
        self._store = store
        self._consumer = Consumer(store, reactions)
        self._timers = Timers(store, reactions)
        self._feed = Signal(poll_seconds)
        self._outbound = Signal(poll_seconds)
        self._clock = asyncio.Event()
        self._parameters = asyncio.Event()
        self._sender = Sender(store, targets, self._outbound)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin, and go on through any restart of the database until stopped."""
        await self._consumer.begin()
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End at once; what was begun is rolled back and happens later."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task], timeout=_STOP_SECONDS)

    async def _run(self) -> None:
        clock = asyncio.get_running_loop().time
        pause = _FIRST_PAUSE_SECONDS
        while True:
            began = clock()
            try:
                await self._session()
            except Exception as error:  # noqa: BLE001 - whatever ended it, it begins again
                _log.warning("the feed of %s starts again: %s", self._store.service, _names(error))
            end_if_cancelled()
            # One that ended at once would do so again.
            lasted = clock() - began > _LONGEST_PAUSE_SECONDS
            pause = _FIRST_PAUSE_SECONDS if lasted else min(pause * 2, _LONGEST_PAUSE_SECONDS)
            await asyncio.sleep(pause)

    async def _session(self) -> None:
        """Work as long as one connection lasts."""
        connection = await self._store.connect()
        ended = asyncio.Event()
        try:
            connection.add_termination_listener(lambda _: ended.set())
            await connection.add_listener(FEED_CHANNEL, lambda *_: self._feed.wake())
            await connection.add_listener(CLOCK_CHANNEL, lambda *_: self._clock.set())
            await connection.add_listener(SEARCH_CHANNEL, lambda *_: self._parameters.set())
            async with asyncio.TaskGroup() as group:
                group.create_task(self._follow_clock())
                group.create_task(self._follow_parameters())
                await self._take_lead(connection, ended)
                self.state.leads = True
                group.create_task(self._react())
                group.create_task(self._sender.run())
                await self._watch(connection, ended)
        finally:
            self.state.step_down()
            connection.terminate()

    async def _take_lead(self, connection: asyncpg.Connection, ended: asyncio.Event) -> None:
        lock = _lock_of(self._store)
        while not await connection.fetchval(
            "SELECT pg_try_advisory_lock($1)", lock, timeout=_ANSWER_SECONDS
        ):
            await _pause_until(ended)

    async def _watch(self, connection: asyncpg.Connection, ended: asyncio.Event) -> None:
        while True:
            end_if_cancelled()
            await connection.fetchval("SELECT 1", timeout=_ANSWER_SECONDS)
            with contextlib.suppress(Unavailable):
                await self.state.measure(self._store)
            await _pause_until(ended)

    async def _follow_clock(self) -> None:
        """Read the site's clock now, in case it was moved unheard, and whenever it moves."""
        self._clock.set()
        while True:
            await self._clock.wait()
            self._clock.clear()
            await self._store.refresh_clock()
            self._feed.wake()

    async def _follow_parameters(self) -> None:
        """Read the search parameters now, in case they changed unheard, and whenever they do."""
        self._parameters.set()
        while True:
            await self._parameters.wait()
            self._parameters.clear()
            await self._store.refresh_parameters()

    async def _react(self) -> None:
        while True:
            end_if_cancelled()
            try:
                worked = await self._turn()
            except Unavailable:
                worked = False
            if worked:
                self._outbound.wake()
            else:
                await self._feed.wait()

    async def _turn(self) -> bool:
        # What was written before a timer fell due may cancel it, so events come first.
        moment = self._store.now()
        read = await self._consumer.read()
        retried = await self._consumer.retry()
        fired = read < BATCH and await self._timers.fire_next(moment)
        return bool(read or retried or fired)


def _lock_of(store: Store) -> int:
    digest = hashlib.sha256(f"feed of {store.service} for {store.tenant}".encode()).digest()
    return int.from_bytes(digest[:8], signed=True)


async def _pause_until(ended: asyncio.Event) -> None:
    """Wait a little.

    :raises ConnectionError: when the connection ended meanwhile.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_CHECK_SECONDS):
            await ended.wait()
    if ended.is_set():
        raise ConnectionError


def _names(error: Exception) -> str:
    if isinstance(error, ExceptionGroup):
        return ", ".join(_names(each) for each in error.exceptions)
    return type(error).__name__
