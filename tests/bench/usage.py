"""What processes use: processor time and memory, from /proc; nothing where there is none."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import asyncpg

from tests.processes import descendants, processes

if TYPE_CHECKING:
    from collections.abc import Iterable

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_MEGABYTE: Final = 1024


@dataclass(frozen=True, slots=True)
class Usage:
    """Shares of the whole machine's processor time, and the largest worker's memory in MB."""

    generator: float
    workers: float
    postgres: float
    worker_mb: float


class Watch:
    """Takes the usage between its making and `stop`."""

    def __init__(self, program: int, postmaster: int) -> None:
        self.workers = workers_of(program)
        self._postgres = [postmaster, *descendants(postmaster)]
        self._begun = time.perf_counter()
        self._times = self._spent()

    def stop(self) -> Usage:
        """Tell what was used since."""
        elapsed = (time.perf_counter() - self._begun) * (os.cpu_count() or 1)
        spent = [now - before for now, before in zip(self._spent(), self._times, strict=True)]
        memory = max(map(_memory, self.workers), default=0.0)
        generator, workers, postgres = (each / elapsed for each in spent)
        return Usage(generator, workers, postgres, memory)

    def _spent(self) -> tuple[float, float, float]:
        return time.process_time(), _seconds(self.workers), _seconds(self._postgres)


def workers_of(program: int) -> list[int]:
    """Find the processes that answer, among all that a program has started."""
    told = processes()
    return [each for each in descendants(program) if "spawn_main" in told[each].command]


async def postmaster_of(url: str) -> int:
    """Find the server's first process: the parent of a connection's."""
    connection = await asyncpg.connect(url)
    try:
        backend = await connection.fetchval("SELECT pg_backend_pid()")
        return processes()[backend].parent
    finally:
        await connection.close()


def _seconds(numbers: Iterable[int]) -> float:
    return sum(map(_seconds_of, numbers))


def _seconds_of(number: int) -> float:
    with suppress(OSError):
        fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS
    return 0.0


def _memory(number: int) -> float:
    with suppress(OSError):
        for line in Path(f"/proc/{number}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / _MEGABYTE
    return 0.0
