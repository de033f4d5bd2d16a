"""Chains from the audit follow few resources, and are refused where there are more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import asyncpg
import pytest

from shared.fhir.definitions import TYPE_CODE
from shared.fhir.errors import TooCostly
from shared.store.audit_chains import MOST_ENDS
from shared.store.audit_following import with_events
from shared.store.audit_search import audit_page_statement
from shared.store.reading import Reading
from tests.store.plan_reads import nodes
from tests.store.search_record import Record
from tests.store.skewed_record import write_in_bulk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SECRET = b"s" * 32
PATIENTS = 5_000
ROWS = 20_000


@pytest.fixture(scope="module")
async def record(database_url: str) -> AsyncIterator[Record]:
    """Fill a record, and an audit of all of its people: one in a hundred has a rare name."""
    connection = await asyncpg.connect(database_url)
    record = Record(connection)
    people = (
        {
            "resourceType": "Patient",
            "id": f"p{n}",
            "gender": "female" if n % 2 else "male",
            "name": [{"family": "Rare" if n % 100 == 7 else "Common"}],
        }
        for n in range(PATIENTS)
    )
    await write_in_bulk(record, people)
    await connection.execute(
        "INSERT INTO record.audit (tenant, recorded, service, caller, interaction, type, id, "
        "patient, request_id, status) SELECT $1, now() - n * interval '1 s', 'intake', "
        "'Practitioner/a' || n % 10, 'read', $2, 'p' || n % $3, n % $3 + 1, 'r', 200 "
        "FROM generate_series(1, $4::int) n",
        record.tenant,
        TYPE_CODE["Patient"],
        PATIENTS,
        ROWS,
    )
    await connection.execute("ANALYZE record.audit, record.resource")
    yield record
    await connection.close()


@pytest.mark.parametrize(
    "name", ["patient.gender", "entity:Patient.gender", "agent:Patient.gender"]
)
async def test_a_chain_to_many_is_refused(record: Record, name: str) -> None:
    reading = Reading(record.connection, record.access, SECRET)
    wide = record.query("AuditEvent", (name, "female"))
    with pytest.raises(TooCostly, match="leads to at most 1,000 resources"):
        await reading.audit_page(wide, None)
    with pytest.raises(TooCostly, match="leads to at most 1,000 resources"):
        await reading.audit_count(wide)
    has = record.query("Patient", (f"_has:AuditEvent:patient:{name}", "female"))
    with pytest.raises(TooCostly, match="leads to at most 1,000 resources"):
        await with_events(reading, has)
    of_few = Reading(record.connection, record.limited("p1", "p2"), SECRET)
    found = await of_few.audit_page(wide, None)
    assert {each.patient for each in found} == (set() if name.startswith("agent") else {"p1"})


@pytest.mark.parametrize(
    "asked",
    [
        ("patient.family", "rare"),
        ("patient.gender", "female"),
        ("agent:Patient.family", "rare"),
        ("entity:Patient.family", "rare"),
    ],
)
@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_a_chain_reads_what_it_follows(
    record: Record, asked: tuple[str, str], mode: str
) -> None:
    query = record.query("AuditEvent", asked, ("_count", "20"))
    await record.connection.execute(f"SET plan_cache_mode = {mode}")
    statement = audit_page_statement(query, record.access, None, secret=SECRET)
    found = await record.connection.fetchval(
        f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.sql}", *statement.args
    )
    every = list(nodes(json.loads(found)[0]["Plan"]))
    of_audit = [each for each in every if each.get("Relation Name") == "audit"]
    assert of_audit
    assert "Seq Scan" not in {each["Node Type"] for each in of_audit}
    rows = max(
        (each["Actual Rows"] + each.get("Rows Removed by Filter", 0)) * each["Actual Loops"]
        for each in of_audit
    )
    assert rows <= 21 * MOST_ENDS


async def test_a_chain_to_few_is_followed(record: Record) -> None:
    reading = Reading(record.connection, record.access, SECRET)
    query = record.query("AuditEvent", ("patient.family", "rare"))
    assert await reading.audit_count(query) == ROWS // 100
    assert len(await reading.audit_page(query, None)) == query.count + 1
