"""Audit rows of reads, committed in groups before the answer leaves.

A write's audit row is part of its own statement. A read has no transaction, so its row goes to a
committer: while one group is being written the next one gathers, and each reader waits for its
group.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from shared.store.statements import AUDIT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from shared.store.pool import Pool


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One access: who, what, when and how it ended. `query` may hold identifiers: audit only.

    Of whose resource it was, the record knows.
    """

    recorded: datetime
    service: str
    caller: str | None
    interaction: str
    type: int | None
    id: str | None
    version: int | None
    request_id: str
    status: int
    query: str | None


# Not `astuple`, which copies every value deeply: each read has a row.
_values = attrgetter(*(each.name for each in fields(AuditRow)))


@dataclass(frozen=True, slots=True)
class Audited:
    """A row as it stands in the audit: its position and id, and the patient it was about.

    `keys` are what it was sorted by.
    """

    position: int
    id: str
    patient: str | None
    row: AuditRow
    keys: tuple[Any, ...] = ()


def audit_arguments(tenant: int, rows: Sequence[AuditRow]) -> list[Any]:
    """Turn rows into the arguments of the statement that appends them."""
    return [tenant, *map(list, zip(*map(_values, rows), strict=True))]


class GroupCommitter:
    """Writes the audit rows of many concurrent reads with one commit each group."""

    def __init__(self, pool: Pool, tenant: int) -> None:
        self._pool = pool
        self._tenant = tenant
        self._rows: list[AuditRow] = []
        self._written: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None

    async def write(self, rows: list[AuditRow]) -> None:
        """Return when the rows are committed.

        :raises Unavailable: when they could not be; then the answer must not leave.
        """
        self._rows += rows
        if self._written is None:
            self._written = asyncio.get_running_loop().create_future()
        written = self._written
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._commit_groups())
        await asyncio.shield(written)

    async def _commit_groups(self) -> None:
        while self._rows and self._written is not None:
            rows, written = self._rows, self._written
            self._rows, self._written = [], None
            try:
                await self._commit(rows)
            except Exception as error:  # noqa: BLE001 - each waiting reader must learn of it
                written.set_exception(error)
                written.exception()  # a reader that has gone away leaves no warning behind
            else:
                written.set_result(None)

    async def _commit(self, rows: list[AuditRow]) -> None:
        async with self._pool.connection() as connection:
            await connection.execute(AUDIT, *audit_arguments(self._tenant, rows))
