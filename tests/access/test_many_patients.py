"""A search of a caller who is limited to many patients reads few rows: its plans are looked at."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import asyncpg
import pytest

from shared.fhir.definitions import TYPE_CODE
from shared.fhir.search.parameters import served_parameters
from shared.fhir.search.terms import hash_term
from shared.store.search import page_statement
from tests.store.search_record import Record
from tests.store.test_search_plans import BUDGET, nodes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROWS = 30_000
PATIENTS = 2_000


@pytest.fixture(scope="module")
async def record(database_url: str) -> AsyncIterator[Record]:
    """Fill a tenant with observations of many patients and 100 codes, a third of them of one."""
    connection = await asyncpg.connect(database_url)
    record = Record(connection)
    tenant, observation = record.tenant, TYPE_CODE["Observation"]
    number = served_parameters("Observation")["code"].number
    codes = [hash_term(tenant, observation, f"{number}c c{n}") for n in range(100)]
    await connection.execute(
        "INSERT INTO record.resource (tenant, type, id, pk, version, deleted, updated, patient) "
        "SELECT $1, $2, 'p' || n, n, 1, false, now(), n FROM generate_series(1, $3::int) n",
        tenant,
        TYPE_CODE["Patient"],
        PATIENTS,
    )
    await connection.execute(
        "INSERT INTO record.resource (tenant, type, id, pk, version, deleted, updated, patient) "
        "SELECT $1, $2, 'o' || n, 10000 + n, 1, false, now() - n * interval '1 s', "
        "1 + n % $4::int FROM generate_series(1, $3::int) n",
        tenant,
        observation,
        ROWS,
        PATIENTS,
    )
    await connection.execute(
        "INSERT INTO record.search_row (tenant, type, pk, id, patient, d_lo, d_hi, terms) "
        "SELECT $1, $2, 10000 + n, 'o' || n, 1 + n % $4::int, n, n + 1, "
        "ARRAY[($5::bigint[])[CASE WHEN n % 3 = 0 THEN 1 ELSE 1 + (n / 3) % 100 END]] "
        "FROM generate_series(1, $3::int) n",
        tenant,
        observation,
        ROWS,
        PATIENTS,
        codes,
    )
    await connection.execute(
        "INSERT INTO record.version "
        "(tenant, pk, version, type, id, updated, deleted, method, body, patient) "
        "SELECT tenant, pk, 1, type, id, updated, false, 'PUT', '{}', patient "
        "FROM record.resource WHERE tenant = $1",
        tenant,
    )
    await connection.execute("VACUUM ANALYZE record.search_row, record.resource, record.version")
    yield record
    await connection.close()


@pytest.mark.parametrize(
    "pairs",
    [
        [],
        [("_sort", "-date")],
        [("_sort", "date")],
        [("_sort", "-_lastUpdated")],
        [("code", "c0"), ("_sort", "-date")],
        [("code", "c0")],
        [("code", "c99"), ("_sort", "-date")],
        [("code", "c99,c98"), ("_sort", "-_lastUpdated")],
        [("code:not", "c0"), ("_sort", "-date")],
        [("code", "none")],
    ],
    ids=str,
)
# Of half of all patients a walk meets enough, of sixty it does not.
@pytest.mark.parametrize("theirs", [60, 1000])
@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_a_page_reads_few_rows(
    record: Record, pairs: list[tuple[str, str]], mode: str, theirs: int
) -> None:
    query = record.query("Observation", *pairs, ("_count", "20"))
    access = record.limited(*(f"p{2 * n}" for n in range(1, theirs + 1)))
    statement = page_statement(query, access, None)
    await record.connection.execute(f"SET plan_cache_mode = {mode}")
    found = await record.connection.fetchval(
        f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.sql}", *statement.args
    )
    read = [
        (each["Actual Rows"] + each.get("Rows Removed by Filter", 0)) * each["Actual Loops"]
        for each in nodes(json.loads(found)[0]["Plan"])
        if "Scan" in each["Node Type"]
        and each["Node Type"] not in {"CTE Scan", "Function Scan"}
        # The index has the list of a term's rows in one piece, and no other way to count them.
        and each.get("Index Name") != "search_row_terms"
    ]
    shown = await record.connection.fetch(statement.sql, *statement.args)
    assert len(shown) == min(await record.count(query, access), 21)
    assert max(read) <= 2 * BUDGET, (read, statement.sql)
