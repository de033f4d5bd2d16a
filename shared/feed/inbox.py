"""The events of parked streams, in order, until the first one's reaction succeeds.

An event waits here when its reaction failed, when one of its stream waits before it, or when the
one before it in its stream has not come yet: transactions are read in the order of their ids, and
of two that wait for the same stream the one with the higher id may have gone first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from shared.feed.attempt import back_off_seconds, describe
from shared.feed.reaction import Event
from shared.fhir.definitions import TYPE_CODE, TYPE_NAME
from shared.store.version import Key

if TYPE_CHECKING:
    import asyncpg

_HOLDS: Final = """
SELECT EXISTS (SELECT FROM {schema}.inbox WHERE tenant = $1 AND consumer = $2 AND stream = $3)
"""
# One that is not the first of its stream waits for the one before it, not for a time.
_PUT: Final = """
INSERT INTO {schema}.inbox
  (tenant, consumer, position, stream, number, type, id, version, attempts, next_attempt, error)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9,
  CASE WHEN EXISTS (
    SELECT FROM {schema}.inbox
    WHERE tenant = $1 AND consumer = $2 AND stream = $4 AND position < $3
  ) THEN 'infinity' ELSE now() + make_interval(secs => $10) END, $11
"""
_DUE: Final = """
SELECT i.position, i.stream, i.number, i.type, i.id, i.version, i.attempts
FROM {schema}.inbox i JOIN {schema}.cursor c USING (tenant, consumer)
WHERE i.tenant = $1 AND i.consumer = $2 AND i.next_attempt <= now()
  AND NOT EXISTS (
    SELECT FROM {schema}.inbox b
    WHERE b.tenant = i.tenant AND b.consumer = i.consumer AND b.stream = i.stream
      AND b.position < i.position)
  AND NOT EXISTS (
    SELECT FROM record.feed p
    WHERE p.tenant = i.tenant AND p.stream = i.stream AND p.number = i.number - 1
      AND (p.xid, p.position) > (c.xid, c.position))
ORDER BY i.next_attempt LIMIT 50
"""
_TAKE: Final = """
WITH taken AS (
  DELETE FROM {schema}.inbox WHERE tenant = $1 AND consumer = $2 AND position = $3
  RETURNING stream, position
), woken AS (
  UPDATE {schema}.inbox n SET next_attempt = now()
  FROM taken t
  WHERE n.tenant = $1 AND n.consumer = $2 AND n.stream = t.stream AND n.position = (
    SELECT min(f.position) FROM {schema}.inbox f
    WHERE f.tenant = $1 AND f.consumer = $2 AND f.stream = t.stream AND f.position > t.position)
)
SELECT EXISTS (SELECT FROM taken)
"""
_POSTPONE: Final = """
UPDATE {schema}.inbox
SET attempts = $4, next_attempt = now() + make_interval(secs => $5), error = $6
WHERE tenant = $1 AND consumer = $2 AND position = $3
"""


class Waiting(NamedTuple):
    """An event of the inbox, and how often its reaction has failed."""

    event: Event
    attempts: int


class Inbox:
    """One consumer's inbox."""

    def __init__(self, schema: str, tenant: int, consumer: str) -> None:
        self._schema = schema
        self._of = (tenant, consumer)

    async def holds(self, connection: asyncpg.Connection, stream: str) -> bool:
        """Tell whether events of a stream wait."""
        held: bool = await connection.fetchval(self._sql(_HOLDS), *self._of, stream)
        return held

    async def queue(self, connection: asyncpg.Connection, event: Event) -> None:
        """Let an event wait for the ones before it."""
        await connection.execute(self._sql(_PUT), *self._of, *_columns(event), 0, 0.0, "")

    async def park(self, connection: asyncpg.Connection, event: Event, error: Exception) -> None:
        """Let an event wait, and its stream behind it, because its reaction failed."""
        pause = back_off_seconds(1, event.position)
        await connection.execute(
            self._sql(_PUT), *self._of, *_columns(event), 1, pause, describe(error)
        )

    async def due(self, connection: asyncpg.Connection) -> list[Waiting]:
        """List the first events of their streams whose time has come."""
        rows = await connection.fetch(self._sql(_DUE), *self._of)
        return [Waiting(event_of(row), row["attempts"]) for row in rows]

    async def take(self, connection: asyncpg.Connection, event: Event) -> bool:
        """Take an event out and let the next of its stream go on; False if it is gone."""
        taken: bool = await connection.fetchval(self._sql(_TAKE), *self._of, event.position)
        return taken

    async def postpone(
        self, connection: asyncpg.Connection, waiting: Waiting, error: Exception
    ) -> None:
        """Wait longer, because the reaction failed again."""
        position, attempts = waiting.event.position, waiting.attempts + 1
        pause = back_off_seconds(attempts, position)
        await connection.execute(
            self._sql(_POSTPONE), *self._of, position, attempts, pause, describe(error)
        )

    def _sql(self, statement: str) -> str:
        return statement.format(schema=self._schema)


def event_of(row: asyncpg.Record) -> Event:
    """Read an event from a row of the feed or of the inbox."""
    key = Key(TYPE_NAME[row["type"]], row["id"])
    return Event(row["position"], row["stream"], row["number"], key, row["version"])


def _columns(event: Event) -> tuple[int, str, int, int, str, int]:
    code = TYPE_CODE[event.key.type]
    return event.position, event.stream, event.number, code, event.key.id, event.version
