"""Delivers a service's outbound requests until they are answered, in order within each stream.

A request may arrive twice, when its answer was lost: what it carries makes the second change
nothing. A refusal will not turn into consent, so it counts as an answer, and its row stays for
people to look at.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import httpx

from shared.client.answer import Answer
from shared.client.client import FhirClient
from shared.client.guard import GuardedTransport, NotAllowedError
from shared.client.retry import pause
from shared.feed.effects import ANSWER
from shared.feed.signal import Signal, end_if_cancelled
from shared.fhir.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import asyncpg

    from shared.client.guard import Network
    from shared.store.store import Store

_FIRST_OF_STREAMS: Final = """
SELECT key, stream, target, method, path, body, attempts FROM (
  SELECT DISTINCT ON (stream) * FROM {schema}.outbound
  WHERE tenant = $1 AND answered IS NULL ORDER BY stream, created, key
) first WHERE next_attempt <= now() ORDER BY next_attempt LIMIT 200
"""
_ANSWERED: Final = """
WITH awaited AS (
  UPDATE {schema}.timer SET due = least(due, now()) WHERE tenant = $1 AND key = $4 || $2::text)
UPDATE {schema}.outbound SET answered = now(), status = $3, attempts = attempts + 1
WHERE tenant = $1 AND key = $2
"""
_POSTPONED: Final = """
UPDATE {schema}.outbound
SET status = $3, attempts = attempts + 1, next_attempt = now() + make_interval(secs => $4)
WHERE tenant = $1 AND key = $2
"""
# A slow partner may hold so many connections, and no more.
_AT_ONCE_PER_TARGET: Final = 4
_TOO_MANY: Final = 429
_OVERTAKEN: Final = 412
# Another writer was quicker so often that the target gave up; but a conflict may also be lasting.
_CONFLICT: Final = 409
_CONFLICTS: Final = 8

# Stands for an answer where nobody was asked, because the address may not be called.
NOT_CALLED: Final = 0

_CONTENT: Final = {"PATCH": {"Content-Type": "application/json-patch+json"}}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Targets:
    """Whom a service sends to: its siblings' FHIR bases by name, and partners' servers.

    A partner is called at a public address, or inside a network that is `allowed`.
    """

    siblings: Mapping[str, str]
    allowed: Sequence[Network] = ()


class Sender:
    """The sender of one service."""

    def __init__(self, store: Store, targets: Targets, signal: Signal) -> None:
        self._store = store
        self._bases = targets.siblings
        self._allowed = targets.allowed
        self._signal = signal
        self._clients: dict[str, FhirClient] = {}
        self._streams: set[str] = set()
        self._targets: Counter[str] = Counter()

    async def run(self) -> None:
        """Deliver until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    end_if_cancelled()
                    await self._deliver_ready(group)
                    await self._signal.wait()
        finally:
            self._streams.clear()
            self._targets.clear()
            await self._close()

    async def _deliver_ready(self, group: asyncio.TaskGroup) -> None:
        for row in await self._ready():
            self._streams.add(row["stream"])
            self._targets[row["target"]] += 1
            group.create_task(self._deliver(row))

    async def _ready(self) -> list[asyncpg.Record]:
        # Taken before asking: what is answered meanwhile may still look unanswered in the rows.
        busy = self._streams.copy()
        try:
            async with self._store.pool.connection() as connection:
                rows = await connection.fetch(self._sql(_FIRST_OF_STREAMS), self._store.tenant)
        except Unavailable:
            return []
        taken = Counter(self._targets)
        ready = []
        for row in rows:
            if row["stream"] not in busy and taken[row["target"]] < _AT_ONCE_PER_TARGET:
                taken[row["target"]] += 1
                ready.append(row)
        return ready

    async def _deliver(self, row: asyncpg.Record) -> None:
        try:
            answer = await self._answer(row)
            if answer is None or _asks_to_wait(answer.status, row["attempts"]):
                await self._postpone(row, answer)
            else:
                await self._close_with(row, answer)
        except Unavailable:
            _log.warning("the record does not answer; a request that was sent will be repeated")
        finally:
            self._streams.discard(row["stream"])
            self._targets[row["target"]] -= 1
            self._signal.wake()

    async def _answer(self, row: asyncpg.Record) -> Answer | None:
        try:
            return await self._ask(row)
        except NotAllowedError:
            return Answer(NOT_CALLED, httpx.Headers(), b"")

    async def _ask(self, row: asyncpg.Record) -> Answer | None:
        client = self._client(row["target"])
        if client is None:
            _log.error("an outbound request names a service that has no URL here")
            return None
        body = row["body"].encode() or None
        try:
            headers = {"X-Request-Id": row["key"]} | _CONTENT.get(row["method"], {})
            return await client.request(row["method"], row["path"], body, headers)
        except Unavailable:
            return None

    async def _close_with(self, row: asyncpg.Record, answer: Answer) -> None:
        # One that was decided on a version which is no longer current: the newer one's own event
        # decides anew.
        if answer.status == _OVERTAKEN:
            _log.info("an outbound request was overtaken by another writer")
        elif not answer.is_success:
            _log.warning("an outbound request was refused with status %d", answer.status)
        await self._execute(_ANSWERED, row["key"], answer.status, ANSWER)

    async def _postpone(self, row: asyncpg.Record, answer: Answer | None) -> None:
        asked = None if answer is None else answer.headers.get("retry-after")
        seconds = pause(row["attempts"], asked, now=datetime.now(UTC))
        status = None if answer is None else answer.status
        await self._execute(_POSTPONED, row["key"], status, seconds)

    def _client(self, target: str) -> FhirClient | None:
        base = self._bases.get(target, target)
        if not base.startswith(("http://", "https://")):
            return None
        if target not in self._clients:
            actor = f"Device/{self._store.service}"
            # Our own services are where the operator has put them; nobody else chooses that.
            guard = None if target in self._bases else GuardedTransport(self._allowed)
            self._clients[target] = FhirClient(base, actor=actor, attempts=1, transport=guard)
        return self._clients[target]

    async def _close(self) -> None:
        for client in self._clients.values():
            await client.close()
        self._clients.clear()

    async def _execute(self, statement: str, key: str, *values: float | str | None) -> None:
        async with self._store.pool.connection() as connection:
            await connection.execute(self._sql(statement), self._store.tenant, key, *values)

    def _sql(self, statement: str) -> str:
        return statement.format(schema=self._store.service)


def _asks_to_wait(status: int, attempts: int) -> bool:
    if status == _CONFLICT:
        return attempts < _CONFLICTS
    return status == _TOO_MANY or status >= 500
