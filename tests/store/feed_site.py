"""A tenant of its own for each test of the feed: rows of its feed, stores and runners."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

import asyncpg

from shared.feed.consumer import Consumer
from shared.feed.reaction import Event, Reaction, Reactions
from shared.feed.runner import FeedRunner
from shared.feed.sender import Targets
from shared.fhir.definitions import TYPE_CODE
from shared.fhir.search.reading import Reading
from shared.store.store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from shared.feed.effects import Effects
    from shared.feed.reaction import DueTimer

    Handle = Callable[[Event, Effects], Awaitable[None]]
    HandleTimer = Callable[[DueTimer, Effects], Awaitable[None]]

# Partners of tests are on this machine.
HERE = (ip_network("127.0.0.0/8"),)
WRITE = """
INSERT INTO record.feed (tenant, stream, number, type, id, version, at)
VALUES ($1, $2, $3, $4, $5, 1, now())
"""
# Where the tests' reactions leave their effects; a second one of the same event is refused.
NOTES = """
CREATE TABLE IF NOT EXISTS public.feed_note (
  number bigint GENERATED ALWAYS AS IDENTITY, tenant int, service text, event text,
  PRIMARY KEY (tenant, service, event));
GRANT SELECT, INSERT ON public.feed_note TO PUBLIC
"""
# The first tenant's row was written with its number, so the sequence does not know of it.
NEW_SITE = (
    "INSERT INTO record.site SELECT max(tenant) + 1, 'key', 0 FROM record.site RETURNING tenant"
)
NOTE = "INSERT INTO public.feed_note (tenant, service, event) VALUES ($1, $2, $3)"


@dataclass
class Site:
    """One tenant, written to by the database's owner."""

    url: str
    tenant: int
    owner: asyncpg.Connection
    numbers: dict[str, int] = field(default_factory=dict)

    async def write(
        self,
        stream: str,
        resource_type: str = "Encounter",
        connection: asyncpg.Connection | None = None,
    ) -> None:
        """Append one feed row, as the write of a resource does, and wake the consumers."""
        number = self.numbers[stream] = self.numbers.get(stream, 0) + 1
        by = connection or self.owner
        await by.execute(WRITE, self.tenant, stream, number, TYPE_CODE[resource_type], f"e{number}")
        await by.execute("NOTIFY stepdown_feed")

    async def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Select rows; `$1` is the tenant."""
        return [tuple(row) for row in await self.owner.fetch(sql, self.tenant, *values)]

    async def becomes(self, expected: object, sql: str, *values: object) -> None:
        """Wait until a statement's one value is as expected."""
        until = time.monotonic() + 30
        while (found := await self.owner.fetchval(sql, self.tenant, *values)) != expected:
            assert time.monotonic() < until, f"{sql} still gives {found}"
            await asyncio.sleep(0.01)

    async def notes(self, service: str = "plan") -> list[str]:
        """Give the events that were noted, in that order."""
        sql = (
            "SELECT event FROM public.feed_note WHERE tenant = $1 AND service = $2 ORDER BY number"
        )
        return [row[0] for row in await self.rows(sql, service)]

    async def noted(self, count: int) -> list[str]:
        """Wait until so many events were noted."""
        await self.becomes(count, "SELECT count(*) FROM public.feed_note WHERE tenant = $1")
        return await self.notes()

    @asynccontextmanager
    async def store(self, service: str = "plan") -> AsyncIterator[Store]:
        """Open a service's store."""
        store = Store(self.url, service, self.tenant, texts=Reading())
        await store.open()
        try:
            yield store
        finally:
            await store.close()

    @asynccontextmanager
    async def consumer(self, *reactions: Reaction) -> AsyncIterator[Consumer]:
        """Give a consumer that reads when it is told to."""
        async with self.store() as store:
            consumer = Consumer(store, Reactions("plan", reactions, {}))
            await consumer.begin()
            yield consumer

    @asynccontextmanager
    async def running(
        self,
        service: str,
        *reactions: Reaction,
        timers: Mapping[str, HandleTimer] | None = None,
        sibling_urls: Mapping[str, str] | None = None,
    ) -> AsyncIterator[Store]:
        """Run one more copy of a service's part in the feed."""
        async with self.store(service) as store:
            declared = Reactions(service, reactions, timers or {})
            runner = FeedRunner(store, declared, targets=Targets(sibling_urls or {}, HERE))
            await runner.start()
            try:
                yield store
            finally:
                await runner.stop()


@asynccontextmanager
async def new_site(url: str) -> AsyncIterator[Site]:
    """Make a tenant."""
    owner = await asyncpg.connect(url)
    try:
        await owner.execute(NOTES)
        tenant = await owner.fetchval(NEW_SITE)
        await owner.execute(f"SET stepdown.tenant = '{tenant}'")
        yield Site(url, tenant, owner)
    finally:
        await owner.close()


def reaction(handle: Handle, *types: str) -> Reaction:
    """Declare a reaction to Encounters, or to other types."""
    return Reaction("test", frozenset(types or {"Encounter"}), handle)


async def note(event: Event | DueTimer, effects: Effects) -> None:
    """Leave a row for the event or timer."""
    name = event.name if isinstance(event, Event) else event.id
    await effects.tx.connection.execute(NOTE, effects.tx.access.tenant, effects.service, name)
