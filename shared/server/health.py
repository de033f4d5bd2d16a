"""Whether a program lives, and whether requests should be sent to it.

Live asks only the event loop, so that a database that is down restarts nobody. Ready asks what
the program needs; its answer holds sentences of ours, never a driver's text.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

from fastapi import APIRouter
from fastapi.responses import JSONResponse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

Findings = dict[str, str]
OK: Final = "ok"
_ANSWER_SECONDS: Final = 0.5
_FREE_SHARE: Final = 0.1
_CLOCK_OFFSET: Final = timedelta(seconds=5)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """What a database says of itself: its migration (None: it has none) and its clock."""

    migration: str | None
    clock: datetime


@dataclass(slots=True)
class Readiness:
    """Whether to send requests here: what `check` finds, and whether the program is going away.

    Each finding is "ok" or a sentence; where they do not `decide`, they are only reported.
    """

    check: Callable[[], Awaitable[Mapping[str, str]]]
    decides: bool = True
    draining: bool = False

    async def find(self) -> tuple[bool, Mapping[str, str]]:
        """Tell whether the program is ready, with each finding."""
        if self.draining:
            return False, {"shutdown": "The program is stopping."}
        found = await self.check()
        return not self.decides or all(value == OK for value in found.values()), found


@dataclass(frozen=True, slots=True)
class ServiceCheck:
    """What a service needs: a database that answers, is migrated and on time, and a disk.

    `head` is the migration of this release, and `ask` puts the question to the database.
    """

    ask: Callable[[], Awaitable[DatabaseState]]
    head: str
    data_dir: Path | None = None
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    async def __call__(self) -> Findings:
        """Look at everything now."""
        found = await self._database()
        if self.data_dir is not None:
            found["disk"] = await asyncio.to_thread(_disk, self.data_dir)
        return found

    async def _database(self) -> Findings:
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                state = await self.ask()
        except Exception as error:  # noqa: BLE001 - whatever it is, requests would meet it too
            _log.warning("the database does not answer: %s", type(error).__name__)
            return {"database": "The database does not answer within 500 ms."}
        return {
            "database": OK,
            "migration": _migration(state.migration, self.head),
            "clock": _clock(self.now() - state.clock),
        }


def health_router(readiness: Readiness) -> APIRouter:
    """Make the routes that an orchestrator asks."""
    router = APIRouter(prefix="/health")

    @router.get("/live")
    async def live() -> dict[Literal["status"], str]:
        return {"status": "alive"}

    @router.get("/ready")
    async def ready() -> JSONResponse:
        is_ready, found = await readiness.find()
        status = "ready" if is_ready else "not ready"
        return JSONResponse({"status": status, "checks": dict(found)}, 200 if is_ready else 503)

    return router


def _migration(current: str | None, head: str) -> str:
    # A release runs on the schema of the next one too, so only a schema behind it is a fault.
    if current is None or current < head:
        return f"The database is at migration {current or 'none'}; this release needs {head}."
    return OK


def _clock(offset: timedelta) -> str:
    if abs(offset) < _CLOCK_OFFSET:
        return OK
    return f"This machine's clock and the database's differ by {abs(offset).total_seconds():.0f} s."


def _disk(path: Path) -> str:
    usage = shutil.disk_usage(path)
    if usage.free > usage.total * _FREE_SHARE:
        return OK
    return f"Only {usage.free / usage.total:.0%} of the disk is free."
