"""Reads the change feed, and lets each write have its effects once.

The cursor moves in the transaction of the effects, and only from where the reader saw it: of two
consumers at once one finds it moved and rolls back. An event without an effect moves nothing: the
cursor passes it with the next that has one, or at the end of the batch. One that concerns nobody,
by its type or its content, does not even begin a transaction. Transactions are read in the order of
their ids, and only those before which none is still running, so nothing that commits late is
skipped.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from shared.access.access import Access
from shared.feed.ahead import Ahead, Place
from shared.feed.attempt import attempt, describe, react
from shared.feed.effects import Effects
from shared.feed.inbox import Inbox, Waiting

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractAsyncContextManager

    from shared.feed.ahead import Coming
    from shared.feed.reaction import Event, Reaction, Reactions
    from shared.store.store import Store
    from shared.store.transaction import Transaction

CONSUMER: Final = "reactions"

# Before every transaction id, those of a record that moved in from another server too.
_BEGIN: Final = """
INSERT INTO {schema}.cursor (tenant, consumer, xid, position)
VALUES ($1, $2, '-9223372036854775808', 0)
ON CONFLICT DO NOTHING
"""
_CURSOR: Final = "SELECT xid, position FROM {schema}.cursor WHERE tenant = $1 AND consumer = $2"
_MOVE: Final = """
UPDATE {schema}.cursor SET xid = $5, position = $6
WHERE tenant = $1 AND consumer = $2 AND xid = $3 AND position = $4 RETURNING true
"""
# A transaction that has written nothing has no id.
_MOVE_IF_WRITTEN: Final = """
WITH act AS MATERIALIZED (
  SELECT pg_current_xact_id_if_assigned() IS NOT NULL AS wrote
), moved AS (
  UPDATE {schema}.cursor c SET xid = $5, position = $6 FROM act
  WHERE act.wrote AND c.tenant = $1 AND c.consumer = $2 AND c.xid = $3 AND c.position = $4
  RETURNING true
)
SELECT wrote, EXISTS (SELECT FROM moved) FROM act
"""

_log = logging.getLogger(__name__)


class Overtaken(Exception):
    """Another consumer has moved the cursor, or taken the event."""


class Consumer:
    """Reads the feed for the reactions of one service."""

    def __init__(self, store: Store, reactions: Reactions) -> None:
        self._store = store
        self._reactions = reactions
        self._of = (store.tenant, CONSUMER)
        self._access = Access.system(store.service, store.tenant)
        self._ahead = Ahead(store.tenant, reactions, store.texts.bases)
        self._inbox = Inbox(store.service, store.tenant, CONSUMER)

    async def begin(self) -> None:
        """Stand at the beginning of the feed, unless it was read before."""
        async with self._store.pool.connection() as connection:
            await connection.execute(self._sql(_BEGIN), *self._of)

    async def read(self) -> int:
        """Handle the next events, and tell how many were read."""
        async with self._store.reading(self._access) as reading:
            place = Place(*await reading.connection.fetchrow(self._sql(_CURSOR), *self._of))
            events = await self._ahead.look(reading, place)
        try:
            await self._handle_all(place, events)
        except Overtaken:
            _log.info("another consumer of the feed was quicker")
        return len(events)

    async def retry(self) -> int:
        """Handle what waits in the inbox and has become due, and tell how many that were."""
        async with self._store.pool.connection() as connection:
            due = await self._inbox.due(connection)
        for waiting in due:
            await self._retry(waiting)
        return len(due)

    async def _handle_all(self, place: Place, events: Sequence[Coming]) -> None:
        reached = place
        for coming in events:
            # An early one keeps its turn even if nobody wants it: others may wait behind it.
            wanted = coming.early or coming.concerned
            if wanted and await self._handle(reached, coming):
                reached = coming.place
        if events and reached != events[-1].place:
            async with self._transaction("feed") as tx:
                await self._move(tx, reached, events[-1].place)

    async def _handle(self, place: Place, coming: Coming) -> bool:
        """Let an event have its effects, and tell whether the cursor moved with them."""
        event, to = coming.event, coming.place
        moved = True

        async def transaction() -> None:
            nonlocal moved
            async with self._transaction(event.name) as tx:
                if coming.early or await self._inbox.holds(tx.connection, event.stream):
                    await self._move(tx, place, to)
                    await self._inbox.queue(tx.connection, event)
                else:
                    await self._react(tx, event, coming.concerned)
                    moved = await self._move_if_written(tx, place, to)

        error = await attempt(transaction)
        if error is not None:
            _log.error("event %d failed and parks its stream: %s", event.position, describe(error))
            async with self._transaction(event.name) as tx:
                await self._move(tx, place, to)
                await self._inbox.park(tx.connection, event, error)
        return moved

    async def _retry(self, waiting: Waiting) -> None:
        event = waiting.event

        async def transaction() -> None:
            async with self._transaction(event.name) as tx:
                # Whoever puts events into the inbox moves the cursor, and so waits for this.
                await tx.connection.execute(self._sql(_CURSOR) + " FOR UPDATE", *self._of)
                if await self._inbox.take(tx.connection, event):
                    # What it is about was not read again: whoever waits for its type may look.
                    await self._react(tx, event, self._reactions.waiting_for(event.key.type))

        error = await attempt(transaction)
        if error is not None:
            _log.warning("event %d failed again: %s", event.position, describe(error))
            async with self._transaction(event.name) as tx:
                await self._inbox.postpone(tx.connection, waiting, error)

    async def _react(self, tx: Transaction, event: Event, concerned: Sequence[Reaction]) -> None:
        effects = Effects(tx, self._store.now(), self._store.service, event)
        for reaction in concerned:
            await react(reaction.handle(event, effects))

    async def _move(self, tx: Transaction, place: Place, to: Place) -> None:
        if not await tx.connection.fetchval(self._sql(_MOVE), *self._of, *place, *to):
            raise Overtaken

    async def _move_if_written(self, tx: Transaction, place: Place, to: Place) -> bool:
        wrote, moved = await tx.connection.fetchrow(
            self._sql(_MOVE_IF_WRITTEN), *self._of, *place, *to
        )
        if wrote and not moved:
            raise Overtaken
        return bool(moved)

    def _transaction(self, request_id: str) -> AbstractAsyncContextManager[Transaction]:
        return self._store.begin(self._access, request_id)

    def _sql(self, statement: str) -> str:
        return statement.format(schema=self._store.service)
