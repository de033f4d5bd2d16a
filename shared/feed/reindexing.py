"""Indexes a service's own types anew in the background, where their rows are of an older kind."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from shared.feed.signal import end_if_cancelled
from shared.store.reindex import Reindexer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.store.store import Store

_POLL_SECONDS: Final = 0.5
_STOP_SECONDS: Final = 2.0
# What else runs in this process has its turn between two batches.
_BREATH_SECONDS: Final = 0.005
_FIRST_PAUSE_SECONDS: Final = 0.1
_LONGEST_PAUSE_SECONDS: Final = 10.0

_log = logging.getLogger(__name__)


class Reindexing:
    """The loop around a service's `Reindexer`; it goes on where an earlier one ended."""

    def __init__(self, store: Store, types: Iterable[str]) -> None:
        self._reindexer = Reindexer(store, types)
        self._service = store.service
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; a service may need what it searches by before it can do anything else."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End at once; what was begun is rolled back and happens later."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task], timeout=_STOP_SECONDS)

    async def _run(self) -> None:
        """Index what is of an older kind, whenever there is something."""
        pause = _FIRST_PAUSE_SECONDS
        while True:
            end_if_cancelled()
            try:
                more = await self._reindexer.turn()
            except Exception as error:  # noqa: BLE001 - whatever it is, it may pass
                _log.warning(
                    "indexing anew in %s is tried again: %s", self._service, type(error).__name__
                )
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
                continue
            pause = _FIRST_PAUSE_SECONDS
            await asyncio.sleep(_BREATH_SECONDS if more else _POLL_SECONDS)
