"""A write transaction: reads, locks, and the one statement that writes changes.

The statement appends the versions, their index rows, the feed rows and the audit rows; no caller
can forget one. Nothing here commits: the dispatcher's `async with store.begin(…)` does.
"""

from __future__ import annotations

import hashlib
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import asyncpg

from shared.fhir.definitions import TYPE_CODE, TYPE_NAME
from shared.fhir.errors import EditConflict
from shared.store import statements
from shared.store.audit import audit_arguments
from shared.store.generation import StaleParameters
from shared.store.narrowing import Narrowing, narrowed
from shared.store.reading import Reading
from shared.store.rows import Row, chained, columns, prepare, text_columns
from shared.store.terms import reference_term
from shared.store.version import Change, Key, Version

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
    from datetime import tzinfo

    from shared.access.access import Access
    from shared.access.policy import Policy
    from shared.fhir.search.reading import Reading as Texts
    from shared.store.audit import AuditRow

# Two spaces of locks, so that a condition never waits for a reference: conditions come first.
_BUCKETS: Final = 1024
_CONDITIONS: Final = 0
_REFERENCES: Final = 1


@dataclass(frozen=True, slots=True)
class Act:
    """What the audit says of every write of a transaction."""

    service: str
    caller: str | None
    request_id: str


@dataclass(frozen=True, slots=True)
class Site:
    """What a write takes from the store: audit facts, how texts are read, keys, the policy.

    `is_outdated` where a later release has indexed the record anew, by rules of its own.
    """

    act: Act
    texts: Texts
    is_outdated: bool
    paging_key: bytes
    take_pks: Callable[[asyncpg.Connection, int], Awaitable[list[int]]]
    policy: Policy


class Transaction(Reading):
    """One write transaction of one caller; `again` after it lost a race."""

    def __init__(
        self, connection: asyncpg.Connection, access: Access, site: Site, *, again: bool = False
    ) -> None:
        super().__init__(connection, access, site.paging_key, site.texts.stored)
        self._site = site
        self._again = again
        # Internal keys of resources that this transaction has found or made.
        self._pks: dict[Key, int] = {}
        self.wrote = False
        # Whether the commit itself leaves an audit row.
        self.audited = False

    @property
    def act(self) -> Act:
        """What the audit says of every write."""
        return self._site.act

    @property
    def policy(self) -> Policy:
        """What the tenant demands and allows."""
        return self._site.policy

    @property
    def bases(self) -> tuple[str, ...]:
        """All addresses of this server: a reference to any of them is one to this record."""
        return self._site.texts.bases

    @property
    def zone(self) -> tzinfo:
        """The zone in which a date without one is taken to be."""
        return self._site.texts.zone

    async def read(self, key: Key) -> Version | None:
        """Read the current version; after a lost race nobody else can write it until the end."""
        await self.expect([key])
        return await super().read(key)

    async def expect(self, keys: Collection[Key]) -> None:
        """Tell what will be read, so that after a lost race all of it is locked in one order."""
        if self._again:
            types = [TYPE_CODE[key.type] for key in keys]
            ids = [key.id for key in keys]
            await self._connection.execute(statements.HOLD_ROWS, self.access.tenant, types, ids)

    async def audit(self, rows: Sequence[AuditRow]) -> None:
        """Append audit rows of what was read, to be committed with the writes."""
        if rows:
            await self._connection.execute(
                statements.AUDIT, *audit_arguments(self.access.tenant, rows)
            )
            self.audited = True

    async def hold_conditions(self, conditions: Collection[str]) -> None:
        """Let nobody else act on the same conditions until the transaction ends."""
        await self._lock(_CONDITIONS, dict.fromkeys(map(_bucket, conditions), True))

    async def protect(self, targets: Collection[Key], moving: Collection[Key]) -> set[Key]:
        """Find which targets exist, and keep them from being deleted until the commit.

        What is `moving`, as it goes or comes, is kept from being referred to.
        """
        buckets = {_bucket(str(target)): False for target in targets}
        buckets |= {_bucket(str(key)): True for key in moving}
        await self._lock(_REFERENCES, buckets)
        found = await self.existing(targets)
        self._pks |= found
        return set(found)

    async def versions_of(
        self, targets: Collection[tuple[Key, int]], *, deletions: bool = False
    ) -> set[tuple[Key, int]]:
        """Find which of these versions are there and hold a resource, or also its deletion."""
        narrowing = narrowed("target", self.access)
        wanted = [each for each in targets if narrowing.shows(each[0].type)]
        if not wanted:
            return set()
        args: list[Any] = [
            self.access.tenant,
            [TYPE_CODE[key.type] for key, _ in wanted],
            [key.id for key, _ in wanted],
            [number for _, number in wanted],
            deletions,
        ]
        rows = await self._fetch(statements.VERSIONS_OF.of(narrowing, args), args)
        return {(Key(TYPE_NAME[row[0]], row[1]), row[2]) for row in rows}

    async def referrers(self, key: Key) -> list[Key]:
        """Find up to ten resources that refer to this one and may be seen."""
        return await self._referrers(key, narrowed("referrers", self.access))

    async def is_referred_to(self, key: Key) -> bool:
        """Tell whether any resource refers to this one, also one that may not be seen."""
        return bool(await self._referrers(key, Narrowing(None, None)))

    async def _referrers(self, key: Key, narrowing: Narrowing) -> list[Key]:
        term = reference_term(self.access.tenant, key)
        seen = None if narrowing.types is None else [TYPE_CODE[n] for n in narrowing.types]
        args: list[Any] = [self.access.tenant, term, self._pks[key], seen]
        rows = await self._fetch(statements.REFERRERS.of(narrowing, args), args)
        return [Key(TYPE_NAME[row[0]], row[1]) for row in rows]

    async def _lock(self, space: int, buckets: dict[int, bool]) -> None:
        if not buckets:
            return
        ordered = sorted(buckets)
        await self._connection.execute(
            statements.LOCK, 2 * self.access.tenant + space, ordered, [buckets[b] for b in ordered]
        )

    async def write(self, changes: Sequence[Change]) -> list[Version]:
        """Write the version after each one that was read, with index, feed and audit rows.

        :raises EditConflict: another writer got there first.
        :raises StaleParameters: the search parameters have changed meanwhile.
        """
        if not changes:
            return []
        rows = await self._rows(changes)
        site, act = self._site, self.act
        generation = site.texts.stored.generation
        try:
            written, wanted = await self._connection.fetchrow(
                statements.WRITE,
                self.access.tenant,
                *columns(rows, self.access.tenant),
                *text_columns(rows),
                changes[0].now,
                act.service,
                act.caller,
                act.request_id,
                0 if site.is_outdated else generation,
                site.is_outdated,
                chained(rows, self.access.tenant, changes[0].now),
            )
        except asyncpg.UniqueViolationError:
            written, wanted = 0, generation
        if written != len(rows):
            raise EditConflict("Another writer changed this resource at the same moment.")
        if wanted != generation:
            raise StaleParameters("The search parameters changed at the same moment.")
        self.wrote = self.audited = True
        await self._link_referrers(changes)
        return [row.version for row in rows]

    async def _link_referrers(self, changes: Sequence[Change]) -> None:
        """Tell those who refer to what comes only now, in their search rows, where it is."""
        come = [each.key for each in changes if each.may_be_awaited(self.policy)]
        if come:
            pks = [self._pks[key] for key in come]
            terms = [reference_term(self.access.tenant, key) for key in come]
            await self._connection.execute(statements.LINK_REFERRERS, pks, terms)

    @asynccontextmanager
    async def rehearsal(self, changes: Sequence[Change]) -> AsyncIterator[None]:
        """Write changes, so that searches inside see them, and take them back at the end."""
        if not changes:
            yield
            return
        before = self.wrote, self.audited
        savepoint = self._connection.transaction()
        await savepoint.start()
        try:
            await self.write(changes)
            yield
        finally:
            await savepoint.rollback()
            self.wrote, self.audited = before

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        """Take back all that is written inside where it comes to an error, and go on from there."""
        before = dict(self._pks), self.wrote, self.audited
        try:
            async with self._connection.transaction():
                yield
        except BaseException:
            self._pks, self.wrote, self.audited = before
            raise

    async def _rows(self, changes: Sequence[Change]) -> list[Row]:
        fresh = [change.key for change in changes if change.before is None]
        taken = await self._site.take_pks(self._connection, len(fresh))
        self._pks |= dict(zip(fresh, taken, strict=True))
        self._pks |= {c.key: c.before.pk for c in changes if c.before is not None}
        rows = [
            prepare(change, self._pks[change.key], self.access.tenant, self._site.texts)
            for change in changes
        ]
        linked = {key for row in rows for key in row.linked}
        # The index holds what there is, whoever writes.
        self._pks |= await self._existing(linked - self._pks.keys(), Narrowing(None, None))
        return [row.with_keys(self._pks) for row in rows]


def _bucket(name: str) -> int:
    digest = hashlib.blake2b(name.encode(), digest_size=2).digest()
    return int.from_bytes(digest) % _BUCKETS
