"""Indexes a service's own types anew in the background, where their rows are of an older kind."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from shared.feed.signal import Signal, end_if_cancelled
from shared.store.reindex import Reindexer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.store.store import Store

_POLL_SECONDS: Final = 0.5
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
        self._signal = Signal(_POLL_SECONDS)

    def wake(self) -> None:
        """Say that there may be something to do."""
        self._signal.wake()

    async def run(self) -> None:
        """Index what is of an older kind, whenever there is something."""
        pause = _FIRST_PAUSE_SECONDS
        while True:
            end_if_cancelled()
            try:
                more = await self._reindexer.turn()
            except Exception as error:  # noqa: BLE001 - whatever it is, the feed goes on beside it
                _log.warning(
                    "indexing anew in %s is tried again: %s", self._service, type(error).__name__
                )
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
                continue
            pause = _FIRST_PAUSE_SECONDS
            await (asyncio.sleep(_BREATH_SECONDS) if more else self._signal.wait())
