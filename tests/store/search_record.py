"""What the tests of searching share: a tenant of their own, and resources written into it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from shared.access.access import ANONYMOUS, Access
from shared.fhir.definitions import TYPE_CODE
from shared.fhir.references import Links
from shared.fhir.search.index import QuantityRow, index
from shared.fhir.search.parse import parse
from shared.fhir.search.reading import Reading
from shared.fhir.search.terms import hash_term
from shared.fhir.writer import write
from shared.store.search import count_statement, matching_statement, page_statement, position
from shared.store.search.values import span_class, trigrams
from shared.store.version import Key

if TYPE_CHECKING:
    from collections.abc import Sequence

    import asyncpg

    from shared.fhir.search.query import Query
    from shared.store.page_key import PageKey

# Beyond any that a migration or another test makes, and different in each process.
_tenants = count(secrets.randbelow(1000) * 1_000_000 + 1_000_000)
NOW: Final = datetime.fromisoformat("2026-03-01T12:00:00+00:00")


@dataclass
class Record:
    """One tenant, that no other test has."""

    connection: asyncpg.Connection
    tenant: int = field(default_factory=lambda: next(_tenants))
    pks: dict[str, int] = field(default_factory=dict)
    reading: Reading = field(default_factory=Reading)

    @property
    def access(self) -> Access:
        """See everything of the tenant."""
        return Access(self.tenant, ANONYMOUS, None, None, "test")

    def limited(self, *patients: str) -> Access:
        """See these patients only."""
        return Access(self.tenant, ANONYMOUS, frozenset(patients), None, "test")

    def query(self, resource_type: str, *pairs: tuple[str, str]) -> Query:
        """Parse a search."""
        return parse(resource_type, pairs, zone=self.reading.zone, now=NOW)

    async def write(self, resources: Sequence[dict[str, Any]], at: datetime = NOW) -> None:
        """Write each resource as its first version, in the order of their keys."""
        for resource in resources:
            key = f"{resource['resourceType']}/{resource['id']}"
            self.pks[key] = len(self.pks) + 1
        for resource in resources:
            await self._write(resource, resource.pop("_updated", at))

    async def _write(self, resource: dict[str, Any], at: datetime) -> None:
        name, logical_id = resource["resourceType"], resource["id"]
        code, pk = TYPE_CODE[name], self.pks[f"{name}/{logical_id}"]
        row = index(resource, self.reading)
        patient = self.pks.get(f"Patient/{row.patients[0]}") if len(row.patients) == 1 else None
        run = self.connection.executemany
        of = (self.tenant, code)
        await run(
            "INSERT INTO record.resource (tenant, type, id, pk, version, deleted, updated, patient)"
            " VALUES ($1, $2, $3, $4, 1, false, $5, $6)",
            [(*of, logical_id, pk, at, patient)],
        )
        await run(
            "INSERT INTO record.version"
            " (tenant, type, id, pk, version, updated, deleted, method, body)"
            " VALUES ($1, $2, $3, $4, 1, $5, false, 'POST', $6)",
            [(*of, logical_id, pk, at, write(resource).decode())],
        )
        terms = [self._hash(code, text) for text in row.terms]
        await run(
            "INSERT INTO record.search_row"
            " (tenant, type, id, pk, patient, d_lo, d_hi, terms, targets)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            [(*of, logical_id, pk, patient, *row.main, terms, self._targets(resource))],
        )
        await run(
            "INSERT INTO record.search_string (tenant, type, pk, patient, param, norm, exact, tri)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            [(*of, pk, patient, *each, trigrams(each[1])) for each in row.strings],
        )
        await run(
            "INSERT INTO record.search_string (tenant, type, pk, param, norm, exact, tri)"
            " VALUES ($1, $2, 0, $3, $4, '', $5)",
            [(*of, *each, trigrams(each[1])) for each in row.texts],
        )
        await run(
            "INSERT INTO record.search_date (tenant, type, pk, patient, param, lo, hi, span)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            [(*of, pk, patient, *each, span_class(*each[1:])) for each in row.dates],
        )
        await run(
            "INSERT INTO record.search_quantity (tenant, type, pk, patient, param, key, element,"
            " lo, hi, units, canonical, canonical_lo, canonical_hi) VALUES ($1, $2, $3, $4, $5, $6,"
            " $7, $8::text::numeric, $9::text::numeric, $10, $11, $12::text::numeric,"
            " $13::text::numeric)",
            [(*of, pk, patient, *self._quantity(code, each)) for each in row.quantities],
        )

    def _targets(self, resource: dict[str, Any]) -> list[int]:
        named = (Key(*key) for key in Links(resource).local_targets(self.reading.bases))
        return [self.pks[str(key)] for key in named if str(key) in self.pks]

    def _quantity(self, code: int, each: QuantityRow) -> tuple[object, ...]:
        key = self._hash(code, each.key) if each.key else 0
        units = [self._hash(code, unit) for unit in each.units]
        canonical = None if each.canonical is None else self._hash(code, each.canonical)
        ranges = (each.canonical_low, each.canonical_high)
        return (each.parameter, key, each.element, each.low, each.high, units, canonical, *ranges)

    def _hash(self, code: int, text: str) -> int:
        return hash_term(self.tenant, code, text)

    async def ids(
        self, query: Query, access: Access | None = None, key: PageKey | None = None
    ) -> list[str]:
        """Find the ids of one page, with that of the row that says there is more."""
        statement = page_statement(query, access or self.access, key)
        return [row["id"] for row in await self.connection.fetch(statement.sql, *statement.args)]

    async def find(self, resource_type: str, *pairs: tuple[str, str]) -> list[str]:
        """Search and give the ids of the first page."""
        return await self.ids(self.query(resource_type, *pairs))

    async def count(self, query: Query, access: Access | None = None) -> int:
        """Count the matches."""
        statement = count_statement(query, access or self.access)
        total: int = await self.connection.fetchval(statement.sql, *statement.args)
        return total

    async def matching(self, query: Query) -> list[tuple[str, int]]:
        """Find up to two matches, as a conditional interaction does."""
        statement = matching_statement(query, self.access)
        return [tuple(row) for row in await self.connection.fetch(statement.sql, *statement.args)]

    async def walk(self, query: Query) -> list[str]:
        """Follow the pages to the end, then back again, which must show the same."""
        rows: list[asyncpg.Record] = []
        key: PageKey | None = None
        while True:
            page = await self._rows(query, key)
            rows += page[: query.count]
            if len(page) <= query.count:
                break
            key = position(rows[-1])
        await self._walk_back(query, rows)
        return [row["id"] for row in rows]

    async def _walk_back(self, query: Query, rows: list[asyncpg.Record]) -> None:
        place = len(rows) - 1
        while place > 0:
            page = await self._rows(query, position(rows[place], backward=True))
            before = rows[max(place - query.count - 1, 0) : place]
            assert [row["id"] for row in page] == [row["id"] for row in before]
            place -= query.count

    async def _rows(self, query: Query, key: PageKey | None) -> list[asyncpg.Record]:
        statement = page_statement(query, self.access, key)
        return list(await self.connection.fetch(statement.sql, *statement.args))
