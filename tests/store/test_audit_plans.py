"""No search of the audit walks all of it: their plans are looked at."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from shared.access.access import ANONYMOUS, Access
from shared.fhir.definitions import TYPE_CODE
from shared.fhir.errors import TooCostly
from shared.store.audit_ids import audit_id
from shared.store.audit_order import MOST_SORTED, is_by_time
from shared.store.audit_search import audit_page_statement, audit_size_statement
from shared.store.page_key import PageKey
from shared.store.reading import Reading
from tests.store.search_record import Record
from tests.store.test_search_plans import nodes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SECRET = b"s" * 32
ROWS = 50_000
PATIENTS = 200
# What one key leads to, and some more.
FEW = 600


@pytest.fixture(scope="module")
async def record(database_url: str) -> AsyncIterator[Record]:
    """Fill the audit of a tenant: one row in 200 is a refusal, one in 1000 a deletion."""
    connection = await asyncpg.connect(database_url)
    record = Record(connection)
    await connection.execute(
        "INSERT INTO record.resource (tenant, type, id, pk, version, deleted, updated, patient) "
        "SELECT $1, $2, 'p' || n, n, 1, false, now(), n FROM generate_series(0, $3 - 1) n",
        record.tenant,
        TYPE_CODE["Patient"],
        PATIENTS,
    )
    await connection.execute(
        "INSERT INTO record.audit (tenant, recorded, service, caller, interaction, type, id, "
        "patient, request_id, status) SELECT $1, now() - n * interval '1 s', 'intake', "
        "'Practitioner/c' || n % 100, CASE WHEN n % 1000 = 7 THEN 'delete' ELSE 'read' END, "
        "$2, 'o' || n % 500, CASE WHEN n % 2 = 0 THEN n % $3 END, 'r', "
        "CASE WHEN n % 200 = 9 THEN 404 ELSE 200 END FROM generate_series(1, $4::int) n",
        record.tenant,
        TYPE_CODE["Observation"],
        PATIENTS,
        ROWS,
    )
    await connection.execute("ANALYZE record.audit, record.resource")
    yield record
    for table in ("resource", "audit"):
        await connection.execute(f"DELETE FROM record.{table} WHERE tenant = $1", record.tenant)
    await connection.close()


@pytest.mark.parametrize(
    "pairs",
    [
        [],
        [("_sort", "date")],
        [("_sort", "site,-date")],
        [("patient", "p8"), ("_sort", "agent,-entity")],
        [("patient", "p8")],
        [("patient", "p8,p10,p12"), ("_sort", "date")],
        [("patient", "none")],
        [("entity", "Observation/o7")],
        [("entity", "Patient/p8,Observation/o7")],
        [("agent", "Practitioner/c7")],
        [("agent", "Practitioner/c7"), ("action", "D")],
        [("agent", "none")],
        [("action", "D")],
        [("action", "D,U,C")],
        [("subtype", "vread")],
        [("outcome", "4")],
        [("outcome", "8")],
        [("date", "lt2000")],
        [("date", "ge2000")],
        [("_id", ",".join(audit_id(each, SECRET) for each in (1, 2, 3)))],
        [("patient", "p8"), ("agent", "Practitioner/c8"), ("outcome", "0")],
    ],
    ids=str,
)
@pytest.mark.parametrize("limited", [False, True])
@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_a_page_reads_few_rows(
    record: Record, pairs: list[tuple[str, str]], mode: str, *, limited: bool
) -> None:
    patients = frozenset({"p8", "p10"}) if limited else None
    access = Access(record.tenant, ANONYMOUS, patients, None, "test")
    query = record.query("AuditEvent", *pairs, ("_count", "20"))
    await record.connection.execute(f"SET plan_cache_mode = {mode}")
    values = ("Practitioner/c8", None) if not is_by_time(query) else ()
    beside = PageKey((*values, 1_900_000_000_000_000), audit_id(1, SECRET), "AuditEvent")
    for key in (None, beside):
        statement = audit_page_statement(query, access, key, secret=SECRET)
        found = await record.connection.fetchval(
            f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.sql}", *statement.args
        )
        assert _rows_read(json.loads(found)[0]["Plan"]) <= FEW, statement.sql


@pytest.mark.parametrize("code", ["agent", "entity", "outcome", "patient", "subtype"])
async def test_what_is_too_much_to_sort_is_not_read_for_that(record: Record, code: str) -> None:
    query = record.query("AuditEvent", ("_sort", code))
    statement = audit_size_statement(query, record.access, secret=SECRET)
    found = await record.connection.fetchval(
        f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.sql}", *statement.args
    )
    assert _rows_read(json.loads(found)[0]["Plan"]) <= MOST_SORTED + 1
    reading = Reading(record.connection, record.access, SECRET)
    with pytest.raises(TooCostly, match="narrow the search"):
        await reading.audit_page(query, None)
    narrow = record.query("AuditEvent", ("_sort", code), ("agent", "Practitioner/c7"))
    assert len(await reading.audit_page(narrow, None)) == narrow.count + 1


def _rows_read(plan: dict[str, Any]) -> float:
    read: list[float] = [
        (each["Actual Rows"] + each.get("Rows Removed by Filter", 0)) * each["Actual Loops"]
        for each in nodes(plan)
        if "Scan" in each["Node Type"] and each["Node Type"] != "CTE Scan"
    ]
    return max(read)
