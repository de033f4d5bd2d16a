"""File locks between the processes that share an embedded PostgreSQL.

The kernel releases them when their holder ends, however it ends.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Lock:
    """A lock file, opened by this process."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)

    def share(self) -> None:
        """Wait until nobody holds the lock alone, then hold it together with others."""
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def try_share(self) -> bool:
        """Hold the lock together with others, unless somebody holds it alone."""
        return self._try(fcntl.LOCK_SH)

    def try_alone(self) -> bool:
        """Hold the lock alone, unless somebody else holds it."""
        return self._try(fcntl.LOCK_EX)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait until nobody holds the lock, and hold it alone for the length of the block."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            yield
        finally:
            self.close()

    def close(self) -> None:
        """Release the lock; to close it again changes nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _try(self, kind: int) -> bool:
        try:
            fcntl.flock(self._descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def is_held(path: Path) -> bool:
    """Tell whether somebody holds the lock."""
    return not _could(path, Lock.try_alone)


def is_shared(path: Path) -> bool:
    """Tell whether somebody holds the lock and would share it."""
    return is_held(path) and _could(path, Lock.try_share)


def _could(path: Path, take: Callable[[Lock], bool]) -> bool:
    try:
        lock = Lock(path)
    except FileNotFoundError:
        # The whole folder was removed, and nobody can hold a lock in it.
        return True
    try:
        return take(lock)
    finally:
        lock.close()
