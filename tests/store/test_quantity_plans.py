"""Searches by quantities do not walk the record: their plans are looked at."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from shared.fhir.definitions import TYPE_CODE
from shared.fhir.search.parameters import served_parameters
from shared.fhir.search.terms import hash_term
from shared.store.search import count_statement, page_statement
from tests.store.search_record import Record

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

ROWS = 30_000
# The walk of an order looks at so many rows before it gives up, as does a search for few keys.
BUDGET = 1000
UCUM = "http://unitsofmeasure.org"


@pytest.fixture(scope="module")
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    found = await asyncpg.connect(database_url)
    yield found
    await found.close()


@pytest.fixture(scope="module")
async def record(connection: asyncpg.Connection) -> Record:
    """Fill a tenant with observations of 300 patients and 100 codes: 0 to 9,999 g, some open."""
    record = Record(connection)
    tenant, observation = record.tenant, TYPE_CODE["Observation"]
    number = {code: each.number for code, each in served_parameters("Observation").items()}

    def hashes(text: str, count: int) -> list[int]:
        return [hash_term(tenant, observation, text.format(n)) for n in range(count)]

    await connection.execute(
        "INSERT INTO record.search_row (tenant, type, pk, id, patient, d_lo, d_hi, terms) "
        "SELECT $1, $2, 1000 + n, 'o' || n, n % 300, n, n + 1, "
        "ARRAY[($4::bigint[])[1 + n % 300], ($5::bigint[])[1 + n % 100]] "
        "FROM generate_series(1, $3) n",
        tenant,
        observation,
        ROWS,
        hashes(f"{number['subject']}r Patient/p{{}}", 300),
        hashes(f"{number['code']}c c{{}}", 100),
    )
    await connection.execute(
        "INSERT INTO record.search_quantity (tenant, type, param, pk, key, element, lo, hi, units, "
        "canonical, canonical_lo, canonical_hi) "
        "SELECT $1, $2, $3, 1000 + n, 0, 0, v.lo, v.hi, ARRAY[$5::bigint], $6::bigint, v.lo, v.hi "
        "FROM generate_series(1, $4) n CROSS JOIN LATERAL (SELECT "
        "CASE WHEN n % 1000 = 1 THEN '-Infinity'::numeric ELSE n % 10000 END AS lo, "
        "CASE WHEN n % 1000 = 2 THEN 'Infinity'::numeric ELSE n % 10000 END AS hi) v",
        tenant,
        observation,
        number["value-quantity"],
        ROWS,
        *(hash_term(tenant, observation, text) for text in ("n g", "d g1")),
    )
    await connection.execute("VACUUM ANALYZE record.search_row, record.search_quantity")
    return record


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for each in plan.get("Plans", ()):
        yield from nodes(each)


async def rows_read(record: Record, sql: str, args: tuple[Any, ...], mode: str) -> int:
    await record.connection.execute(f"SET plan_cache_mode = {mode}")
    found = await record.connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *args)
    read: list[int] = [
        (each["Actual Rows"] + each.get("Rows Removed by Filter", 0)) * each["Actual Loops"]
        for each in nodes(json.loads(found)[0]["Plan"])
        if "Scan" in each["Node Type"] and each["Node Type"] != "CTE Scan"
    ]
    return max(read)


RARE = [
    [("value-quantity", f"5|{UCUM}|g")],
    [("value-quantity", "5")],
    [("value-quantity", "5||g")],
    [("value-quantity", f"gt9.99|{UCUM}|kg")],
    [("value-quantity", f"lt1000|{UCUM}|mg")],
    [("value-quantity", f"gt20000|{UCUM}|g")],
    [("value-quantity", f"ap50|{UCUM}|g")],
    [("combo-value-quantity", f"5|{UCUM}|g")],
    [("code", "c99"), ("value-quantity", f"gt5|{UCUM}|g")],
    [("code-value-quantity", f"c99$gt5|{UCUM}|g")],
    [("combo-code-value-quantity", f"c99$gt9990|{UCUM}|g")],
    [("subject", "Patient/p7"), ("value-quantity", "gt0")],
]


@pytest.mark.parametrize("pairs", RARE, ids=str)
@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_what_is_rare_is_found_by_few_rows(
    record: Record, pairs: list[tuple[str, str]], mode: str
) -> None:
    query = record.query("Observation", *pairs, ("_count", "20"))
    for statement in (
        page_statement(query, record.access, None),
        count_statement(query, record.access),
    ):
        read = await rows_read(record, statement.sql, statement.args, mode)
        assert read <= 2 * BUDGET, statement.sql


@pytest.mark.parametrize("text", ["gt5", "ne5", "lt9000", f"ge5|{UCUM}|g"])
@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_a_page_of_what_is_common_reads_few_rows(
    record: Record, text: str, mode: str
) -> None:
    query = record.query("Observation", ("value-quantity", text), ("_count", "20"))
    statement = page_statement(query, record.access, None)
    assert await rows_read(record, statement.sql, statement.args, mode) <= 2 * BUDGET
