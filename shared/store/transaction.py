"""A write transaction: reads, locks, and the one statement that writes changes.

The statement appends the versions, their index rows, the feed rows and the audit rows; no caller
can forget one. Nothing here commits: the dispatcher's `async with store.begin(…)` does.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import asyncpg

from shared.fhir.definitions import TYPE_NAME
from shared.fhir.errors import EditConflict
from shared.store import statements
from shared.store.reading import Reading
from shared.store.rows import Row, columns, prepare, reference_term
from shared.store.version import Change, Key, Version

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence

    from shared.access.access import Access

_BUCKETS: Final = 1024


@dataclass(frozen=True, slots=True)
class Act:
    """What the audit says of every write of a transaction."""

    service: str
    caller: str | None
    request_id: str


class Transaction(Reading):
    """One write transaction of one caller."""

    def __init__(
        self,
        connection: asyncpg.Connection,
        access: Access,
        act: Act,
        take_pks: Callable[[asyncpg.Connection, int], Awaitable[list[int]]],
    ) -> None:
        super().__init__(connection, access)
        self._act = act
        self._take_pks = take_pks
        # Internal keys of resources that this transaction has found or made.
        self._pks: dict[Key, int] = {}
        self.wrote = False

    @property
    def connection(self) -> asyncpg.Connection:
        """The connection, for a service's private tables in the same transaction."""
        return self._connection

    async def lock(self, *, shared: Collection[str] = (), alone: Collection[str] = ()) -> None:
        """Take advisory locks by name until the transaction ends."""
        buckets = {_bucket(name): False for name in shared}
        buckets |= {_bucket(name): True for name in alone}
        if not buckets:
            return
        ordered = sorted(buckets)
        await self._connection.execute(
            statements.LOCK, self.access.tenant, ordered, [buckets[number] for number in ordered]
        )

    async def protect(self, targets: Collection[Key]) -> set[Key]:
        """Find which targets exist, and keep them from being deleted until the commit."""
        await self.lock(shared=[str(target) for target in targets])
        found = await self.existing(targets)
        self._pks |= found
        return set(found)

    async def referrers(self, key: Key, pk: int, leaving: Collection[int]) -> list[Key]:
        """Find up to ten resources that refer to this one, apart from those that leave with it."""
        rows = await self._connection.fetch(
            statements.REFERRERS,
            self.access.tenant,
            reference_term(self.access.tenant, key),
            [pk, *leaving],
        )
        return [Key(TYPE_NAME[row[0]], row[1]) for row in rows]

    async def write(self, changes: Sequence[Change]) -> list[Version]:
        """Write the version after each one that was read, with index, feed and audit rows.

        :raises EditConflict: another writer got there first.
        """
        if not changes:
            return []
        rows = await self._rows(changes)
        args = columns(rows)
        now = changes[0].now
        act = self._act
        try:
            written = await self._connection.fetchval(
                statements.WRITE,
                self.access.tenant,
                *args,
                now,
                act.service,
                act.caller,
                act.request_id,
            )
        except asyncpg.UniqueViolationError:
            written = 0
        if written != len(rows):
            raise EditConflict("Another writer changed this resource at the same moment.")
        self.wrote = True
        return [row.version for row in rows]

    async def _rows(self, changes: Sequence[Change]) -> list[Row]:
        fresh = [change.key for change in changes if change.before is None]
        taken = await self._take_pks(self._connection, len(fresh))
        self._pks |= dict(zip(fresh, taken, strict=True))
        self._pks |= {c.key: c.before.pk for c in changes if c.before is not None}
        rows = [prepare(change, self._pks[change.key], self.access.tenant) for change in changes]
        patients = {row.patient for row in rows if row.patient is not None}
        self._pks |= await self.existing(patients - self._pks.keys())
        return [
            replace(row, patient_pk=self._pks.get(row.patient)) if row.patient else row
            for row in rows
        ]


def _bucket(name: str) -> int:
    digest = hashlib.blake2b(name.encode(), digest_size=2).digest()
    return int.from_bytes(digest) % _BUCKETS

