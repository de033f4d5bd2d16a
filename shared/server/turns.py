"""Large transactions take turns: each is held as a tree and as an index until it is written."""

from __future__ import annotations

from asyncio import Semaphore
from contextlib import nullcontext
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

# While one waits for PostgreSQL, another is understood; a third would only wait, and be held.
AT_ONCE: Final = 2
LARGE: Final = 250_000


class Turns:
    """Lets large bodies in by twos, in the order in which they came, and small ones at once."""

    def __init__(self) -> None:
        self._places = Semaphore(AT_ONCE)

    def of(self, size: int) -> AbstractAsyncContextManager[None]:
        """Wait for a place for a body of so many bytes, and hold it."""
        return self._places if size > LARGE else nullcontext()
