"""The record as a service sees it: it opens only with an `Access`."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from shared.access.policy import Policy
from shared.fhir.errors import OutcomeUnknown, Unavailable
from shared.store.audit import AuditRow, GroupCommitter
from shared.store.generation import StaleParameters, bring_forward, load
from shared.store.notifier import Notifier
from shared.store.pool import Pool, PoolLimits
from shared.store.reading import Reading
from shared.store.roles import DOOR, role_url
from shared.store.transaction import Act, Site, Transaction

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import asyncpg

    from shared.access.access import Access
    from shared.fhir.search.reading import Reading as Texts


class Store:
    """One service's way to one tenant's record, with connections of its own."""

    def __init__(
        self,
        url: str,
        service: str,
        tenant: int,
        *,
        texts: Texts,
        keeps_door: bool = False,
        limits: PoolLimits | None = None,
    ) -> None:
        own = role_url(url, service)
        self.service = service
        self.tenant = tenant
        self.texts = texts
        self.pool = Pool(own, tenant, limits=limits)
        self._door = Pool(own, tenant, role=DOOR, limits=limits) if keeps_door else None
        self._audit = GroupCommitter(self.pool, tenant)
        self.notifier = Notifier(own)
        self._offset = timedelta()
        self.paging_key = b""
        # Whether a later release has indexed the record anew, by rules of its own.
        self.is_outdated = False
        # What the program is told of the tenant's policy.
        self.policy = Policy()

    async def open(self) -> None:
        """Read the site's row, without which nothing is served."""
        async with self.pool.connection() as connection:
            self.paging_key = await connection.fetchval(
                "SELECT paging_key FROM record.site WHERE tenant = $1", self.tenant
            )
            await bring_forward(connection, self.tenant)
        await self.refresh_parameters()
        await self.refresh_clock()
        await self.notifier.start()

    async def close(self) -> None:
        """Give back every connection."""
        await self.notifier.stop()
        await self.pool.close()
        if self._door is not None:
            await self._door.close()

    async def connect(self) -> asyncpg.Connection:
        """Open a connection of its own for what lasts: a session's lock, a subscription."""
        return await self.pool.connect()

    async def state(self) -> tuple[str | None, datetime]:
        """Ask the database for its migration and its clock."""
        async with self.pool.connection() as connection:
            row = await connection.fetchrow(
                "SELECT (SELECT version_num FROM public.migration), clock_timestamp()"
            )
        return row[0], row[1]

    def now(self) -> datetime:
        """Tell the record's time: the machine's, moved by the site's offset."""
        return datetime.now(UTC) + self._offset

    async def refresh_clock(self) -> None:
        """Read the site's clock offset, which all processes share."""
        async with self.pool.connection() as connection:
            microseconds = await connection.fetchval(
                "SELECT clock_offset_us FROM record.site WHERE tenant = $1", self.tenant
            )
        self._offset = timedelta(microseconds=microseconds)

    async def refresh_parameters(self) -> None:
        """Read the search parameters that are registered."""
        async with self.pool.connection() as connection:
            standing, stored = await load(connection, self.tenant)
        self.is_outdated = standing.is_later
        # Of two that read at once, the one that read the later state stays.
        if standing.generation > self.texts.stored.generation:
            self.texts = replace(self.texts, stored=stored)

    @asynccontextmanager
    async def reading(self, access: Access, *, snapshot: bool = False) -> AsyncIterator[Reading]:
        """Read; several statements see one state of the record with `snapshot`."""
        try:
            async with self.pool.connection() as connection:
                reading = Reading(connection, access, self.paging_key, self.texts.stored)
                if not snapshot:
                    yield reading
                    return
                async with connection.transaction(isolation="repeatable_read", readonly=True):
                    yield reading
        except StaleParameters:
            await self.refresh_parameters()
            raise

    @asynccontextmanager
    async def begin(
        self, access: Access, request_id: str, *, door: bool = False, again: bool = False
    ) -> AsyncIterator[Transaction]:
        """Open a write transaction: committed at the end, or rolled back on any error.

        `door` lets it write types of several owners; only the door's keeper may ask for it.
        After a lost race it is opened `again`, and then waits for other writers instead of racing.

        :raises OutcomeUnknown: when the connection is lost over the commit.
        """
        pool = self._door if door else self.pool
        if pool is None:
            raise AssertionError("this service keeps no door")
        act = Act(self.service, access.caller.reference, request_id)
        site = Site(act, self.texts, self.is_outdated, self.paging_key, self._take_pks, self.policy)
        is_decided = False
        try:
            async with pool.connection() as connection, connection.transaction():
                transaction = Transaction(connection, access, site, again=again)
                yield transaction
                is_decided = transaction.wrote
        except StaleParameters:
            await self.refresh_parameters()
            raise
        except Unavailable as error:
            if not is_decided:
                raise
            raise OutcomeUnknown("The record stopped answering, and may have acted.") from error
        if is_decided:
            self.notifier.nudge()

    async def audit(self, rows: list[AuditRow]) -> None:
        """Commit audit rows of reads, together with those of other reads."""
        await self._audit.write(rows)

    async def _take_pks(self, connection: asyncpg.Connection, count: int) -> list[int]:
        # None is kept in hand: equals come by their keys, and of two programs that write one type,
        # each with keys of its own, the order would tell how much they wrote that may be hidden.
        rows = await connection.fetch(
            "SELECT nextval('record.pk') FROM generate_series(1, $1)", count
        )
        return [row[0] for row in rows]
