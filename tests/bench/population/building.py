"""Brings a population into a record in bulk: by the product's own index code and write statement.

The secondary indexes are built at the end, and all that was written counts as read by the
services' reactions: the benchmark measures none of what follows from a load.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import asyncpg

from services.ownership import DOOR_KEEPER
from shared.access.access import DEFAULT_TENANT, Access
from shared.feed.consumer import CONSUMER
from shared.fhir.reader import read
from shared.fhir.search.reading import Reading
from shared.store.pool import PoolLimits
from shared.store.store import Store
from shared.store.version import Change, Key
from tests.bench.population.cloning import Cloner
from tests.bench.population.database import drop, execute, make_empty
from tests.bench.population.plan import Population
from tests.bench.population.templates import templates
from tests.programs import SERVICES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.bench.population.templates import Template

_ROWS_AT_ONCE: Final = 1000
# The write statement deletes by these even where there is nothing to delete.
_NEEDED: Final = ("search_string_pk", "search_date_pk", "search_quantity_pk")
_SECONDARY: Final = """
SELECT indexname, indexdef FROM pg_indexes i
WHERE schemaname = 'record' AND indexname <> ALL($1) AND NOT EXISTS (
  SELECT FROM pg_constraint c WHERE c.conname = i.indexname
    AND c.connamespace = 'record'::regnamespace)
"""
_AS_READ: Final = """
INSERT INTO {schema}.cursor (tenant, consumer, xid, position)
SELECT tenant, '{consumer}', xid, position FROM record.feed ORDER BY xid DESC, position DESC LIMIT 1
"""
_ACCESS: Final = Access.system("bench", DEFAULT_TENANT)
_BEGUN: Final = datetime(2025, 1, 1, tzinfo=UTC)
_EACH: Final = timedelta(milliseconds=20)


async def build(url: str, name: str, size: int, report: Callable[[int, int], None]) -> None:
    """Make the database `name` with a population; `report` is told rows done and of how many.

    It gets its name when it is complete.
    """
    making = f"making_{size}"
    made = await make_empty(url, making)
    dropped = await _drop_secondary(made)
    population = Population(templates(size), size)
    await _write_all(made, population, report)
    await execute(
        made,
        "SET maintenance_work_mem = '512MB'",
        *dropped,
        f"SELECT setval('record.pk', {population.last_pk + 64})",
        *(_AS_READ.format(schema=service, consumer=CONSUMER) for service in SERVICES),
        "VACUUM ANALYZE",
    )
    await drop(url, [name])
    await execute(url, f"ALTER DATABASE {making} RENAME TO {name}")


async def _drop_secondary(url: str) -> list[str]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(_SECONDARY, _NEEDED)
    finally:
        await connection.close()
    await execute(url, *(f"DROP INDEX record.{row[0]}" for row in rows))
    return [row[1] for row in rows]


async def _write_all(url: str, population: Population, report: Callable[[int, int], None]) -> None:
    step = max(1, _ROWS_AT_ONCE // population.copies)
    starts = range(0, len(population.templates), step)
    done = 0
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        os.cpu_count(), context, initializer=_begin, initargs=(url, population)
    ) as pool:
        written = [pool.submit(_write, start, start + step) for start in starts]
        for each in as_completed(written):
            done += each.result()
            report(done, len(population))


class _Writer:
    """One process that writes: its population, and a store in a loop of its own."""

    def __init__(self, url: str, population: Population) -> None:
        self.population = population
        names = {kind: set[str]() for kind in ("family", "given")}
        for each in population.templates:
            for kind, text in each.holes:
                if kind in names:
                    names[kind].add(text)
        self.cloner = Cloner(sorted(names["family"]), sorted(names["given"]))
        self._runner = asyncio.Runner()
        self._store = _BulkStore(url)

    def write(self, start: int, stop: int) -> int:
        """Write all copies of some templates."""
        members = list(self.population.members(start, stop))
        if members:
            self._runner.run(self._send(members))
        return len(members)

    async def _send(self, members: Sequence[tuple[Template, int, int]]) -> None:
        linked: dict[Key, int] = {}
        for template, copy, _ in members:
            linked |= self.population.pks(template, copy)
        changes = [self._change(*each) for each in members]
        self._store.given = [pk for _, _, pk in members]
        async with self._store.begin(_ACCESS, "bench", door=True) as transaction:
            # As if it had found them: also what is written later will be there.
            transaction._pks |= linked  # noqa: SLF001
            await transaction.write(changes)

    def _change(self, template: Template, copy: int, pk: int) -> Change:
        raw = self.cloner.clone(template, copy).encode()
        tree = read(raw)
        return Change(
            Key(template.key.type, tree["id"]), "PUT", None, tree, _BEGUN + pk * _EACH, raw
        )


class _BulkStore(Store):
    """A store that takes the keys it is given."""

    def __init__(self, url: str) -> None:
        limits = PoolLimits(1, statement_seconds=600, lock_seconds=600)
        texts = Reading(UTC, ())
        super().__init__(
            url, DOOR_KEEPER, DEFAULT_TENANT, texts=texts, keeps_door=True, limits=limits
        )
        self.given: list[int] = []

    async def _take_pks(self, _: asyncpg.Connection, count: int) -> list[int]:
        return self.given[:count]


_writers: list[_Writer] = []


def _begin(url: str, population: Population) -> None:
    _writers.append(_Writer(url, population))


def _write(start: int, stop: int) -> int:
    return _writers[0].write(start, stop)
