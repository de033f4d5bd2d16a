"""Tries a reaction's transaction: what only lost a race is tried again, what fails is told.

A reaction may fail in any way and must not stop the others, so whatever it raises ends here.
"""

from __future__ import annotations

import asyncio
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Final

import asyncpg

from shared.fhir.errors import EditConflict, Unavailable
from shared.store.pool import LOST

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_LOST_A_RACE: Final = (
    EditConflict,
    Unavailable,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.LockNotAvailableError,
    *LOST,
)
_PAUSES_SECONDS: Final = (0.01, 0.02, 0.05, 0.1, 0.2)
_FIRST_BACK_OFF_SECONDS: Final = 0.5
_LONGEST_BACK_OFF_SECONDS: Final = 300.0


class ReactionFailed(Exception):
    """A reaction or a timer's handler raised `error`; its transaction is rolled back."""

    def __init__(self, error: Exception) -> None:
        super().__init__(type(error).__name__)
        self.error = error


async def react(reaction: Awaitable[None]) -> None:
    """Await a reaction inside its transaction.

    :raises ReactionFailed: whatever it raises.
    """
    try:
        await reaction
    except Exception as error:
        raise ReactionFailed(error) from error


async def attempt(transaction: Callable[[], Awaitable[None]]) -> Exception | None:
    """Run a transaction, a few times if need be, and give the reaction's error that remains."""
    for pause in _PAUSES_SECONDS:
        try:
            await transaction()
        except ReactionFailed as failed:
            if not isinstance(failed.error, _LOST_A_RACE):
                return failed.error
            last = failed.error
            await asyncio.sleep(pause)
        else:
            return None
    return last


def back_off_seconds(attempts: int, spread: int) -> float:
    """Wait longer after each attempt; `spread` is any number that parts those that failed."""
    doubled = _FIRST_BACK_OFF_SECONDS * 2.0 ** min(attempts - 1, 20)
    return min(doubled, _LONGEST_BACK_OFF_SECONDS) * (1 + spread % 16 / 64)


def describe(error: Exception) -> str:
    """Tell the class and the place of an error, and not its text, which may quote a record."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return type(error).__name__
    place = frames[-1]
    return f"{type(error).__name__} in {place.name} ({Path(place.filename).name}:{place.lineno})"
