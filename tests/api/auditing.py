"""Reads the audit of a record as its owner, who alone sees all of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.fhir.definitions import TYPE_NAME

if TYPE_CHECKING:
    import asyncpg


@dataclass(frozen=True)
class Access:
    """One row of the audit."""

    service: str
    caller: str | None
    interaction: str
    type: str | None
    id: str | None
    version: int | None
    status: int
    query: str | None


class Audit:
    """The rows of record.audit, by the request that left them."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool

    async def count(self) -> int:
        number: int = await self.pool.fetchval("SELECT count(*) FROM record.audit")
        return number

    async def of(self, request_id: str) -> list[Access]:
        rows = await self.pool.fetch(
            "SELECT service, caller, interaction, type, id, version, status, query "
            "FROM record.audit WHERE request_id = $1 ORDER BY position",
            request_id,
        )
        return [
            Access(
                **{name: value for name, value in row.items() if name != "type"},
                type=TYPE_NAME.get(row["type"]),
            )
            for row in rows
        ]
