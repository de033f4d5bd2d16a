"""No search of the audit walks all of it: their plans are looked at."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import pytest

from shared.access.access import ANONYMOUS, Access
from shared.fhir.definitions import TYPE_CODE
from shared.fhir.errors import TooCostly
from shared.fhir.search.query import Criterion, Has
from shared.fhir.search.values import Token
from shared.store.audit_following import with_events
from shared.store.audit_ids import audit_id
from shared.store.audit_order import MOST_SORTED, is_by_time
from shared.store.audit_relations import events_of, telling_of, told_statement
from shared.store.audit_search import (
    audit_count_statement,
    audit_cut_statement,
    audit_page_statement,
    audit_size_statement,
)
from shared.store.audit_walks import MOST_LOOKED_AT
from shared.store.page_key import PageKey
from shared.store.reading import Reading
from shared.store.version import Key
from tests.store.search_record import Record
from tests.store.test_search_plans import nodes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from shared.store.search.arguments import Statement

SECRET = b"s" * 32
ROWS = 100_000
PATIENTS = 400
# What one key leads to, and some more.
FEW = 1_100


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
        "CASE WHEN n % 4 = 1 THEN 'Device/hot' ELSE 'Practitioner/c' || n % 100 END, "
        "CASE WHEN n % 1000 = 7 THEN 'delete' ELSE 'read' END, "
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


# No index answers these, or one that leads to far more than what is asked.
RARE: Final = (
    [("entity-name", "Task")],
    [("entity-role", "24")],
    [("type", "110106")],
    [("source:identifier", "plan_api")],
    [("action:not", "R,D,U,C")],
    [("patient:missing", "false"), ("agent", "Device/hot"), ("action", "U")],
    [("agent", "Device/hot"), ("action", "U")],
    [("action", "R"), ("entity-role", "24")],
    [("date", "ne2026"), ("subtype:not", "read")],
    [("date", "lt2000,gt2100"), ("entity-role", "24")],
)


@pytest.mark.parametrize("pairs", RARE, ids=str)
@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_what_is_too_rare_is_not_sought_in_all_of_the_audit(
    record: Record, pairs: list[tuple[str, str]], mode: str
) -> None:
    query = record.query("AuditEvent", *pairs, ("_total", "accurate"))
    await record.connection.execute(f"SET plan_cache_mode = {mode}")
    for compiled in (audit_page_statement, audit_cut_statement, audit_count_statement):
        told = (None,) if compiled is not audit_count_statement else ()
        statement = compiled(query, record.access, *told, secret=SECRET)
        assert statement is not None
        assert await _read(record, statement) <= MOST_LOOKED_AT + 1, statement.sql
    reading = Reading(record.connection, record.access, SECRET)
    with pytest.raises(TooCostly, match="narrow the search, as by date"):
        await reading.audit_page(query, None)
    with pytest.raises(TooCostly, match="narrow the search, as by date"):
        await reading.audit_count(query)
    sorted_by = record.query("AuditEvent", *pairs, ("_sort", "agent"))
    with pytest.raises(TooCostly, match="narrow the search, as by date"):
        await reading.audit_page(sorted_by, None)
    at = datetime.now(UTC) - timedelta(minutes=20)
    narrow = record.query("AuditEvent", *pairs, ("date", f"gt{at.isoformat()}"))
    assert await reading.audit_page(narrow, None) == []
    assert await reading.audit_count(narrow) == 0


async def test_what_is_common_is_found_though_no_index_answers_it(record: Record) -> None:
    reading = Reading(record.connection, record.access, SECRET)
    query = record.query("AuditEvent", ("entity-role", "4"), ("_count", "20"))
    assert len(await reading.audit_page(query, None)) == 21


@pytest.mark.parametrize(
    ("target", "code", "criterion"),
    [
        (target, code, criterion)
        for target, code in (("Patient", "patient"), ("Observation", "entity"), ("Device", "agent"))
        for criterion in (
            ("action", "R"),
            ("action", "D"),
            ("date", "ge2000"),
            ("date", "lt2000"),
            ("agent", "Device/hot"),
            ("agent", "Practitioner/c7"),
            ("entity", "Observation/o7"),
            ("outcome", "4"),
            ("entity-role", "24"),
            ("patient.gender", "female"),
        )
    ],
)
@pytest.mark.parametrize("limited", [False, True])
@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_what_audit_events_tell_of_is_found_by_few_of_them(
    record: Record, target: str, code: str, criterion: tuple[str, str], mode: str, *, limited: bool
) -> None:
    access = record.limited("p8", "p10") if limited else record.access
    name, text = criterion
    query = record.query(target, (f"_has:AuditEvent:{code}:{name}", text))
    [has] = query.criteria
    assert isinstance(has, Has)
    await record.connection.execute(f"SET plan_cache_mode = {mode}")
    statement = told_statement(has, access, secret=SECRET)
    assert await _read(record, statement) <= MOST_LOOKED_AT + 1, statement.sql


@pytest.mark.parametrize("limited", [False, True])
async def test_too_many_audit_events_are_not_followed(record: Record, *, limited: bool) -> None:
    access = record.limited("p8", "p10") if limited else record.access
    reading = Reading(record.connection, access, SECRET)

    async def ids(resource_type: str, *pairs: tuple[str, str]) -> list[str]:
        query = await with_events(reading, record.query(resource_type, *pairs))
        [criterion] = query.criteria
        assert isinstance(criterion, Criterion)
        return [each.code or "" for each in criterion.values if isinstance(each, Token)]

    for code, text in (("action", "R"), ("date", "ge2000")):
        asked = (f"_has:AuditEvent:patient:{code}", text)
        if limited:
            assert await ids("Patient", asked) == ["p10", "p8"]
        else:
            with pytest.raises(TooCostly, match="_has follows at most 10,000 AuditEvents"):
                await ids("Patient", asked)
    few = await ids("Patient", ("_has:AuditEvent:patient:entity", "Observation/o8"))
    assert few == (["p8"] if limited else ["p108", "p208", "p308", "p8"])


@pytest.mark.parametrize(
    ("target", "code", "letter"),
    [("Patient", "patient", "p"), ("Observation", "entity", "o"), ("Practitioner", "agent", "c")],
)
@pytest.mark.parametrize("limited", [False, True])
@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_what_is_shown_beside_a_page_is_bounded(
    record: Record, target: str, code: str, letter: str, mode: str, *, limited: bool
) -> None:
    access = record.limited("p8", "p10") if limited else record.access
    [include] = record.query(target, ("_revinclude", f"AuditEvent:{code}")).includes
    keys = [Key(target, f"{letter}{number}") for number in range(50)]
    query = events_of(telling_of(include, keys), 1000)
    await record.connection.execute(f"SET plan_cache_mode = {mode}")
    statement = audit_page_statement(query, access, None, secret=SECRET, beside="revinclude")
    cut = audit_cut_statement(query, access, secret=SECRET, beside="revinclude")
    assert cut is not None
    assert await _read(record, statement) <= MOST_LOOKED_AT + 1, statement.sql
    assert await _read(record, cut) <= MOST_LOOKED_AT + 50, cut.sql


@pytest.mark.parametrize(
    "pairs",
    [
        [],
        [("agent", "Device/hot")],
        [("action", "D")],
        [("action", "R"), ("outcome", "4")],
        [("date", "ge2000"), ("_sort", "date")],
    ],
    ids=str,
)
@pytest.mark.parametrize("types", [("Task",), ("Task", "Flag", "Patient"), ("Observation",)])
@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_who_is_limited_to_types_is_not_led_through_others(
    record: Record, pairs: list[tuple[str, str]], types: tuple[str, ...], mode: str
) -> None:
    access = Access(record.tenant, ANONYMOUS, None, frozenset({"AuditEvent", *types}), "test")
    query = record.query("AuditEvent", *pairs, ("_count", "20"))
    await record.connection.execute(f"SET plan_cache_mode = {mode}")
    # Of the others there are none: what is read are the types themselves.
    most = MOST_LOOKED_AT + 1 if "Observation" in types else 2 * len(access.types or ())
    for compiled in (audit_page_statement, audit_cut_statement):
        statement = compiled(query, access, None, secret=SECRET)
        if statement is not None:
            assert await _read(record, statement) <= most, statement.sql


async def _read(record: Record, statement: Statement) -> float:
    found = await record.connection.fetchval(
        f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.sql}", *statement.args
    )
    return _rows_read(json.loads(found)[0]["Plan"])


def _rows_read(plan: dict[str, Any]) -> float:
    read: list[float] = [
        (each["Actual Rows"] + each.get("Rows Removed by Filter", 0)) * each["Actual Loops"]
        for each in nodes(plan)
        if "Scan" in each["Node Type"] and each["Node Type"] != "CTE Scan"
    ]
    return max(read)
