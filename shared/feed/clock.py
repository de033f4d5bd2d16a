"""Moves the record's clock forward, so that twelve weeks can be shown, and tested, in a minute.

The clock is an offset that all processes share, and it ticks on wherever it stands. On its way it
stops at each due timer of any service, until everything that follows from that has happened.
"""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from shared.fhir.errors import Conflict, RuleViolation, Unavailable
from shared.store.notifier import CLOCK_CHANNEL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    import asyncpg

    from shared.store.store import Store

_POLL_SECONDS: Final = 0.01
_PATIENCE_SECONDS: Final = 30.0
# The clock never goes back, and after the year 9999 there is no time that it could tell.
_LAST: Final = datetime(9000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

_NEXT_DUE: Final = "SELECT record.next_due($1)"
_UNSETTLED: Final = "SELECT service, part, waiting FROM record.unsettled($1)"
_MOVE: Final = """
UPDATE record.site SET clock_offset_us = $2 WHERE tenant = $1 AND clock_offset_us < $2
"""
_START: Final = """
UPDATE record.site s SET clock_offset_us = $2
WHERE s.tenant = $1 AND (
  s.clock_offset_us < $2 OR s.clock_offset_us = 0
  OR NOT EXISTS (SELECT FROM record.feed f WHERE f.tenant = s.tenant))
RETURNING true
"""


async def advance(
    store: Store, target: datetime, *, patience_seconds: float = _PATIENCE_SECONDS
) -> None:
    """Move the clock to an instant; every timer due by then has fired, in order, at the end.

    :raises RuleViolation: when the instant has passed, or is too far ahead.
    :raises Conflict: when somebody else is moving the clock.
    :raises Unavailable: when something that has to happen first does not; the clock stays there.
    """
    _refuse_the_end_of_time(target)
    async with _alone(store) as connection:
        await store.refresh_clock()
        if target < store.now():
            raise RuleViolation(f"The clock never goes back; it stands at {_told(store.now())}.")
        await _settle(connection, store.now(), patience_seconds)
        while due := await connection.fetchval(_NEXT_DUE, target):
            await _move(store, connection, due)
            await _settle(connection, due, patience_seconds)
        await _move(store, connection, target)


async def start_at(store: Store, instant: datetime) -> None:
    """Let the record's time begin at an instant, or go forward to it where it has begun.

    :raises RuleViolation: when the record's time has passed the instant, or it is too far ahead.
    """
    _refuse_the_end_of_time(instant)
    async with store.pool.connection() as connection:
        if not await connection.fetchval(_START, store.tenant, _offset(instant)):
            await store.refresh_clock()
            raise RuleViolation(
                f"The record's clock stands at {_told(store.now())} and never goes back."
            )
        await _tell(connection)
    await store.refresh_clock()


@asynccontextmanager
async def _alone(store: Store) -> AsyncIterator[asyncpg.Connection]:
    connection = await store.connect()
    try:
        if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _lock_of(store)):
            raise Conflict("Somebody else is moving the clock.")
        yield connection
        # Given back before the answer: a session that ends may keep its lock a moment longer.
        await connection.execute("SELECT pg_advisory_unlock($1)", _lock_of(store))
    finally:
        await connection.close(timeout=2)


async def _move(store: Store, connection: asyncpg.Connection, instant: datetime) -> None:
    await connection.execute(_MOVE, store.tenant, _offset(instant))
    await _tell(connection)
    await store.refresh_clock()


async def _settle(
    connection: asyncpg.Connection, instant: datetime, patience_seconds: float
) -> None:
    """Wait until nothing is left to happen before an instant, as long as it becomes less."""
    clock = asyncio.get_running_loop().time
    seen: Sequence[asyncpg.Record] = []
    until = clock() + patience_seconds
    while waiting := await connection.fetch(_UNSETTLED, instant):
        if waiting != seen:
            seen, until = waiting, clock() + patience_seconds
        if clock() > until:
            parts = ", ".join(f"{service}'s {part}" for service, part, _ in waiting)
            raise Unavailable(f"The clock waits for {parts}.", headers={"Retry-After": "5"})
        await asyncio.sleep(_POLL_SECONDS)


async def _tell(connection: asyncpg.Connection) -> None:
    await connection.execute(f"NOTIFY {CLOCK_CHANNEL}")


def _refuse_the_end_of_time(instant: datetime) -> None:
    if instant > _LAST:
        raise RuleViolation(f"The clock goes no further than the year {_LAST.year}.")


def _offset(instant: datetime) -> int:
    return (instant - datetime.now(UTC)) // _MICROSECOND


def _told(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds")


def _lock_of(store: Store) -> int:
    digest = hashlib.sha256(f"clock of {store.tenant}".encode()).digest()
    return int.from_bytes(digest[:8], signed=True)
