"""Wakes a loop at once when there may be work, and now and then in any case."""

from __future__ import annotations

import asyncio
from typing import Final

_FIRST_PAUSE_SECONDS: Final = 0.005


def end_if_cancelled() -> None:
    """End the running task if it was asked to, at the turn of its loop.

    Where a connection fails while it is given back, that error takes the place of the
    cancellation, and whoever handles the error would go on for ever.

    :raises CancelledError: when the task was cancelled.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


class Signal:
    """One loop waits, anybody wakes it.

    After it was woken it looks again soon, then less and less often: what it was woken for may
    not be readable yet, because a transaction that began earlier is still running.
    """

    def __init__(self, poll_seconds: float) -> None:
        self._poll_seconds = poll_seconds
        self._pause = poll_seconds
        self._event = asyncio.Event()

    def wake(self) -> None:
        """Say that there may be work; returns at once."""
        self._event.set()

    async def wait(self) -> None:
        """Return when woken, or after a pause."""
        try:
            async with asyncio.timeout(self._pause):
                await self._event.wait()
            self._pause = _FIRST_PAUSE_SECONDS
        except TimeoutError:
            self._pause = min(self._pause * 2, self._poll_seconds)
        self._event.clear()
