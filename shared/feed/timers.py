"""Fires the timers that are due, in the order of their times, each once.

The row is deleted in the transaction of its effects, and only as it was read: a timer that was
moved or cancelled meanwhile does not fire. One that fails waits, and holds up no other.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from shared.access.access import Access
from shared.feed.attempt import attempt, back_off_seconds, describe, react
from shared.feed.effects import Effects
from shared.feed.reaction import DueTimer
from shared.fhir.definitions import TYPE_NAME
from shared.store.version import Key

if TYPE_CHECKING:
    from datetime import datetime

    import asyncpg

    from shared.feed.reaction import Reactions
    from shared.store.store import Store

_DUE: Final = """
SELECT key, name, due, type, id, attempts FROM {schema}.timer
WHERE tenant = $1 AND due <= $2 AND (next_attempt IS NULL OR next_attempt <= now())
ORDER BY due, key LIMIT 1
"""
_TAKE: Final = """
DELETE FROM {schema}.timer WHERE tenant = $1 AND key = $2 AND due = $3 RETURNING true
"""
# The real time, not the record's: a timer that fails is tried again however slowly that moves.
_POSTPONE: Final = """
UPDATE {schema}.timer
SET attempts = attempts + 1, next_attempt = now() + make_interval(secs => $4)
WHERE tenant = $1 AND key = $2 AND due = $3
"""

_log = logging.getLogger(__name__)


class Timers:
    """The timers of one service."""

    def __init__(self, store: Store, reactions: Reactions) -> None:
        self._store = store
        self._reactions = reactions
        self._access = Access.system(store.service, store.tenant)

    async def fire_next(self, moment: datetime) -> bool:
        """Fire the first timer that was due at a moment; False when there is none."""
        async with self._store.pool.connection() as connection:
            row = await connection.fetchrow(self._sql(_DUE), self._store.tenant, moment)
        if row is None:
            return False
        await self._fire(_timer(row), row["attempts"])
        return True

    async def _fire(self, timer: DueTimer, attempts: int) -> None:
        async def transaction() -> None:
            async with self._store.begin(self._access, timer.id) as tx:
                if await tx.connection.fetchval(self._sql(_TAKE), *self._of(timer)):
                    effects = Effects(tx, self._store.now(), self._store.service, timer)
                    await react(self._handle(timer, effects))

        error = await attempt(transaction)
        if error is not None:
            _log.error("a timer %s failed and waits: %s", timer.name, describe(error))
            pause = back_off_seconds(attempts + 1, len(timer.id))
            async with self._store.begin(self._access, timer.id) as tx:
                await tx.connection.execute(self._sql(_POSTPONE), *self._of(timer), pause)

    async def _handle(self, timer: DueTimer, effects: Effects) -> None:
        await self._reactions.timers[timer.name](timer, effects)

    def _of(self, timer: DueTimer) -> tuple[int, str, datetime]:
        return self._store.tenant, timer.id, timer.due

    def _sql(self, statement: str) -> str:
        return statement.format(schema=self._store.service)


def _timer(row: asyncpg.Record) -> DueTimer:
    return DueTimer(row["key"], row["name"], row["due"], Key(TYPE_NAME[row["type"]], row["id"]))
