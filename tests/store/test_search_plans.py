"""Searches bound to a patient or a term do not walk the record: their plans are looked at."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from shared.fhir.definitions import TYPE_CODE
from shared.fhir.search.parameters import served_parameters
from shared.fhir.search.terms import hash_term
from shared.store.search import page_statement
from tests.store.search_record import Record

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

ROWS = 30_000
# The walk of an order looks at so many rows before it gives up.
BUDGET = 1000


@pytest.fixture(scope="module")
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    found = await asyncpg.connect(database_url)
    yield found
    await found.close()


@pytest.fixture(scope="module")
async def record(connection: asyncpg.Connection) -> Record:
    """Fill a tenant with observations of 300 patients and 100 codes, a third of them of one."""
    record = Record(connection)
    tenant, observation = record.tenant, TYPE_CODE["Observation"]
    number = {code: each.number for code, each in served_parameters("Observation").items()}

    def hashes(text: str, count: int) -> list[int]:
        return [hash_term(tenant, observation, text.format(n)) for n in range(count)]

    await connection.execute(
        "INSERT INTO record.resource (tenant, type, id, pk, version, deleted, updated, patient) "
        "SELECT $1, $2, 'o' || n, 1000 + n, 1, false, now() - n * interval '1 s', n % 300 "
        "FROM generate_series(1, $3) n",
        tenant,
        observation,
        ROWS,
    )
    await connection.execute(
        "INSERT INTO record.search_row (tenant, type, pk, id, patient, d_lo, d_hi, terms) "
        "SELECT $1, $2, 1000 + n, 'o' || n, n % 300, n, n + 1, "
        "ARRAY[($4::bigint[])[1 + n % 300], "
        "($5::bigint[])[CASE WHEN n % 3 = 0 THEN 1 ELSE 1 + (n / 3) % 100 END]] "
        "FROM generate_series(1, $3) n",
        tenant,
        observation,
        ROWS,
        hashes(f"{number['subject']}r Patient/p{{}}", 300),
        hashes(f"{number['code']}c c{{}}", 100),
    )
    await connection.execute("VACUUM ANALYZE record.search_row, record.resource")
    return record


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for each in plan.get("Plans", ()):
        yield from nodes(each)


@pytest.mark.parametrize(
    "pairs",
    [
        [("subject", "Patient/p7")],
        [("subject", "Patient/p7"), ("code", "c0")],
        [("subject", "Patient/p7"), ("_sort", "date")],
        [("subject", "Patient/p7"), ("_sort", "-_lastUpdated")],
        [("subject", "Patient/p7"), ("date", "ge1970"), ("code:not", "c0")],
        [("code", "c99"), ("_sort", "-date")],
        [("code", "c99,c98"), ("_sort", "-date")],
        [("code", "c99"), ("_sort", "-_lastUpdated")],
        [("code", "none")],
        [("code", "c0"), ("code", "c1")],
        [("code", "c0"), ("_sort", "-date")],
        [("code", "c0")],
        [("_sort", "-date")],
        [("_sort", "date")],
        [("code", "c0"), ("_sort", "date")],
        [("code:not", "c0"), ("_sort", "date")],
        [("_id", "o7,o8")],
        [],
    ],
    ids=str,
)
@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_a_page_reads_few_rows(
    record: Record, pairs: list[tuple[str, str]], mode: str
) -> None:
    query = record.query("Observation", *pairs, ("_count", "20"))
    statement = page_statement(query, record.access, None)
    await record.connection.execute(f"SET plan_cache_mode = {mode}")
    found = await record.connection.fetchval(
        f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.sql}", *statement.args
    )
    read = [
        (each["Actual Rows"] + each.get("Rows Removed by Filter", 0)) * each["Actual Loops"]
        for each in nodes(json.loads(found)[0]["Plan"])
        if "Scan" in each["Node Type"] and each["Node Type"] != "CTE Scan"
    ]
    assert max(read) <= 2 * BUDGET, (read, statement.sql)
