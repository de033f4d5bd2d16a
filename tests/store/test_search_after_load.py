"""Right after a load PostgreSQL's statistics know nothing of a type, and nothing gets slower."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from shared.fhir.definitions import TYPE_CODE
from shared.store import statements
from shared.store.search import count_statement, page_statement
from tests.store.search_record import Record

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

PEOPLE = 1500
# Each row is looked at by a few nodes of a plan, and never by one for each other row.
MOST_LOOKS = 20 * PEOPLE
FEW_LOOKS = 50
TABLES = ("resource", "version", "search_row", "search_string", "search_date")


@pytest.fixture(scope="module")
async def record(database_url: str) -> AsyncIterator[Record]:
    """Fill a type that the statistics, of another type's rows, have never seen."""
    connection = await asyncpg.connect(database_url)
    for table in TABLES:
        await connection.execute(f"ALTER TABLE record.{table} SET (autovacuum_enabled = off)")
    record = Record(connection)
    clinic = {"resourceType": "Organization", "name": "clinic"}
    await record.write([clinic | {"id": f"o{i}"} for i in range(200)])
    for table in TABLES:
        await connection.execute(f"ANALYZE record.{table}")
    async with connection.transaction():
        await record.write([_person(i) for i in range(PEOPLE)])
    yield record
    await connection.close()


def _person(number: int) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": f"p{number}",
        "identifier": [{"value": f"v{number % 50}"}],
        "name": [{"family": f"family{number % 50}"}],
        "birthDate": f"19{number % 80 + 10}-01-01",
        "deceasedDateTime": f"20{number % 20 + 10}-01-01",
    }


@pytest.mark.parametrize(
    "pairs",
    [
        [("_id", "p7")],
        [("_id", "p7,p8")],
        [("_id", "p7"), ("family", "family7")],
        [("_lastUpdated", "ge2000")],
        [("_lastUpdated", "lt2000")],
        [("_lastUpdated", "ge2000"), ("identifier", "v7")],
        [("_lastUpdated", "ge2000"), ("_sort", "family")],
        [("_sort", "_id")],
        [("_sort", "-_lastUpdated")],
        [("_sort", "_lastUpdated,family")],
        [("identifier", "v7"), ("_sort", "_lastUpdated")],
        [("family", "family7")],
        [("family", "family7"), ("birthdate", "ge1950")],
        [("family:contains", "amily7"), ("_sort", "birthdate")],
        [("death-date", "ge2015")],
        [("death-date", "2015,2016"), ("family", "family7")],
        [("birthdate", "1950")],
        [("gender:missing", "true")],
    ],
)
async def test_no_search_compares_every_row_with_every_other(
    record: Record, pairs: list[tuple[str, str]]
) -> None:
    query = record.query("Patient", *pairs)
    for statement in (
        page_statement(query, record.access, None),
        count_statement(query, record.access),
    ):
        assert await _looks(record, statement.sql, statement.args) < MOST_LOOKS, statement.sql


@pytest.mark.parametrize(
    ("sql", "others"),
    [
        (statements.READ.wide, ["p7"]),
        (statements.READ_MANY.wide, [["p7", "p8"]]),
        (statements.READ_VERSION.wide, ["p7", 1]),
        (statements.HISTORY.wide, ["p7", 2, 10]),
    ],
)
async def test_no_read_of_an_id_looks_at_a_whole_type(
    record: Record, sql: str, others: list[object]
) -> None:
    args = (record.tenant, TYPE_CODE["Patient"], *others)

    assert await _looks(record, sql, args) < FEW_LOOKS


async def test_no_look_at_what_is_referred_to_looks_at_a_whole_type(record: Record) -> None:
    for sql in (statements.EXISTING.wide, statements.HOLD_ROWS):
        args = (record.tenant, [TYPE_CODE["Patient"]] * 2, ["p7", "p8"])
        assert await _looks(record, sql, args) < FEW_LOOKS, sql


async def _looks(record: Record, sql: str, args: Sequence[object]) -> float:
    """Count the rows that the nodes of a plan look at."""
    explain = f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}"
    text = await record.connection.fetchval(explain, *args, timeout=60)
    return sum(_of(node) for node in _nodes(json.loads(text)[0]["Plan"]))


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for each in plan.get("Plans", ()):
        yield from _nodes(each)


def _of(node: dict[str, Any]) -> float:
    removed = ("Rows Removed by Filter", "Rows Removed by Join Filter")
    rows: float = node["Actual Rows"] + sum(node.get(name, 0) for name in removed)
    loops: float = node["Actual Loops"]
    return rows * loops
