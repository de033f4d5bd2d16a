"""A page of a history reads about as many rows as it shows: its plans are looked at."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import asyncpg
import pytest

from shared.fhir.dates import instant
from shared.fhir.definitions import RESOURCE_TYPES, TYPE_CODE
from shared.store.history import History, history_statement
from shared.store.page_key import PageKey
from tests.store.search_record import NOW, Record
from tests.store.test_search_plans import nodes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROWS = 30_000
PATIENTS = 300
COUNT = 20
# The versions of one type, and those of one more, of which each page takes the newest.
TYPES = ("Observation", "Patient")


@pytest.fixture(scope="module")
async def record(database_url: str) -> AsyncIterator[Record]:
    """Fill a tenant with observations of four versions each, one second apart."""
    connection = await asyncpg.connect(database_url)
    record = Record(connection)
    await connection.execute(
        "INSERT INTO record.resource (tenant, type, id, pk, version, deleted, updated, patient) "
        "SELECT $1, $2, 'p' || n, 1 + n, 1, false, $3, 1 + n FROM generate_series(0, $4 - 1) n",
        record.tenant,
        TYPE_CODE["Patient"],
        NOW,
        PATIENTS,
    )
    await connection.execute(
        "INSERT INTO record.version (tenant, pk, version, type, id, updated, deleted, method, "
        "body, patient) SELECT $1, 1000 + n / 4, 1 + n % 4, $2, 'o' || n / 4, "
        "$3::timestamptz + n * interval '1 s', false, 'PUT', '{}', 1 + (n / 4) % $4::int "
        "FROM generate_series(0, $5 - 1) n",
        record.tenant,
        TYPE_CODE["Observation"],
        NOW,
        PATIENTS,
        ROWS,
    )
    await connection.execute(
        "INSERT INTO record.resource (tenant, type, id, pk, version, deleted, updated, patient) "
        "SELECT tenant, type, id, pk, version, false, updated, patient FROM record.version "
        "WHERE tenant = $1 AND type = $2 AND version = 4",
        record.tenant,
        TYPE_CODE["Observation"],
    )
    await connection.execute("ANALYZE record.version, record.resource")
    yield record
    for table in ("resource", "version"):
        await connection.execute(f"DELETE FROM record.{table} WHERE tenant = $1", record.tenant)
    await connection.close()


def _at(row: int) -> int:
    return instant(NOW) + row * 1_000_000


def _key(updated: int, version: int, logical_id: str) -> PageKey:
    return PageKey((updated, version), logical_id, "Observation")


ASKED = {
    "type": History(("Observation",)),
    "system": History(RESOURCE_TYPES),
    "since": History(("Observation",), since=_at(ROWS // 2)),
    "since the last": History(RESOURCE_TYPES, since=_at(ROWS - 3)),
    "at": History(("Observation",), at=(_at(ROWS // 2), _at(ROWS // 2) + 1)),
    "instance": History(("Observation",), "o7"),
    "instance since": History(("Observation",), "o7", since=_at(29)),
    "none": History(("Encounter",)),
}


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("place", [None, ROWS // 3])
@pytest.mark.parametrize("patients", [(), ("p7", "p8")])
@pytest.mark.parametrize("asked", ASKED)
async def test_a_page_reads_few_rows(
    record: Record,
    asked: str,
    patients: tuple[str, ...],
    place: int | None,
    mode: str,
) -> None:
    key = None if place is None else _key(_at(place), 1 + place % 4, f"o{place // 4}")
    access = record.limited(*patients) if patients else record.access
    history = replace(ASKED[asked], count=COUNT)
    statement = history_statement(history, access, key)
    await record.connection.execute(f"SET plan_cache_mode = {mode}")
    found = await record.connection.fetchval(
        f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.sql}", *statement.args
    )
    read = [
        (each["Actual Rows"] + each.get("Rows Removed by Filter", 0)) * each["Actual Loops"]
        for each in nodes(json.loads(found)[0]["Plan"])
        if "Scan" in each["Node Type"] and each["Node Type"] not in {"CTE Scan", "Function Scan"}
    ]
    # For `at`, versions that were followed before it are looked at and passed over.
    assert max(read) <= 5 * (COUNT + 1) * len(TYPES), (read, statement.sql)


async def test_pages_together_are_the_whole(record: Record) -> None:
    for access in (record.access, record.limited("p7"), record.limited("p7", "p8", "none")):
        for history in (History(("Observation",), count=97), History(RESOURCE_TYPES, count=97)):
            key: PageKey | None = None
            seen: list[tuple[int, int]] = []
            while True:
                statement = history_statement(history, access, key)
                rows = await record.connection.fetch(statement.sql, *statement.args)
                page = rows[: history.count]
                seen += [(row["pk"], row["version"]) for row in page]
                if len(rows) <= history.count or len(seen) > 1000:
                    break
                last = page[-1]
                key = _key(instant(last["updated"]), last["version"], last["id"])
            patients = sorted(int(each[1:]) for each in access.patients or () if each != "none")
            expected = [
                (1000 + n // 4, 1 + n % 4)
                for n in reversed(range(ROWS))
                if access.patients is None or (n // 4) % PATIENTS in patients
            ]
            assert seen == expected[: len(seen)]
            assert len(seen) in {len(expected), 1067}
