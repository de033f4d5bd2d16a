"""Chains, `_has` and includes do not walk the record: their plans are looked at."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import pytest

from shared.fhir.definitions import TYPE_CODE
from shared.fhir.search.parameters import served_parameters
from shared.fhir.search.terms import hash_term
from shared.store.search import Shown, included_statement, page_statement
from shared.store.version import Key
from tests.store.search_record import Record

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from shared.store.search.arguments import Statement

PATIENTS: Final = 10_000
OBSERVATIONS: Final = 40_000
# So many rows are looked at: those of a budget, each with the four observations of its patient.
MOST: Final = 5_000
# The list of a common term is short, as an index has it; its rows are not.
NO_ROWS: Final = {"CTE Scan", "Function Scan", "Bitmap Index Scan"}


@pytest.fixture(scope="module")
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    found = await asyncpg.connect(database_url)
    yield found
    await found.close()


@pytest.fixture(scope="module")
async def record(connection: asyncpg.Connection) -> Record:
    """Fill a tenant: half of the patients are female, three other; a third of the codes is one."""
    record = Record(connection)
    await _fill(
        record, "Patient", PATIENTS, ("'p' || n", "n", "'{}'"),
        {
            "gender": "CASE WHEN n < 4 THEN 'c other' WHEN n % 2 = 0 THEN 'c male' "
            "ELSE 'c female' END",
            "identifier": "'c i' || n",
        },
    )  # fmt: skip
    of = f"(1 + n % {PATIENTS})"
    await _fill(
        record, "Observation", OBSERVATIONS, ("'o' || n", of, f"ARRAY[{of}]"),
        {
            "subject": f"'r Patient/p' || {of}",
            "patient": f"'r Patient/p' || {of}",
            "code": "'c c' || CASE WHEN n % 3 = 0 THEN 0 ELSE (n / 3) % 300 END",
        },
    )  # fmt: skip
    await connection.execute("VACUUM ANALYZE record.search_row, record.resource")
    return record


async def _fill(
    record: Record, name: str, rows: int, columns: tuple[str, str, str], terms: dict[str, str]
) -> None:
    logical_id, patient, targets = columns
    tenant, code = record.tenant, TYPE_CODE[name]
    first = 0 if name == "Patient" else PATIENTS
    served = served_parameters(name)
    hashes = ", ".join(
        f"""('x' || left(encode(sha256(convert_to('{tenant}|{code}|{served[each].number}'
            || ({text}), 'UTF8')), 'hex'), 16))::bit(64)::bigint"""
        for each, text in terms.items()
    )
    await record.connection.execute(
        "INSERT INTO record.resource (tenant, type, id, pk, version, deleted, updated, patient) "
        f"SELECT $1, $2, {logical_id}, $3 + n, 1, false, now() - n * interval '1 s', {patient} "
        "FROM generate_series(1, $4) n",
        tenant, code, first, rows,
    )  # fmt: skip
    await record.connection.execute(
        "INSERT INTO record.search_row (tenant, type, pk, id, patient, d_lo, d_hi, terms, targets) "
        f"SELECT $1, $2, $3 + n, {logical_id}, {patient}, n, n + 1, ARRAY[{hashes}], "
        f"{targets}::bigint[] FROM generate_series(1, $4) n",
        tenant, code, first, rows,
    )  # fmt: skip


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for each in plan.get("Plans", ()):
        yield from _nodes(each)


async def _explained(record: Record, statement: Statement, mode: str) -> tuple[float, str]:
    """Give the rows that the scan which reads most of them reads, and its plan."""
    await record.connection.execute(f"SET plan_cache_mode = {mode}")
    found = await record.connection.fetchval(
        f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.sql}", *statement.args
    )
    [plan] = json.loads(found)
    read = [
        (each["Actual Rows"] + each.get("Rows Removed by Filter", 0)) * each["Actual Loops"]
        for each in _nodes(plan["Plan"])
        if "Scan" in each["Node Type"] and each["Node Type"] not in NO_ROWS
    ]
    return max(read), json.dumps(plan)


MODES: Final = pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])


@pytest.mark.parametrize(
    "asked",
    [
        "Observation?subject:Patient.gender=female&_sort=-date",
        "Observation?subject:Patient.gender=female&_sort=-_lastUpdated",
        "Observation?subject:Patient.gender=female",
        "Observation?subject:Patient.gender:not=male&_sort=-date",
        "Observation?subject.gender=other&_sort=-date",
        "Observation?subject:Patient.gender=other&code=c0",
        "Observation?subject:Patient.gender=female&code=c7&_sort=-date",
        "Observation?subject:Patient.gender=female&code=none",
        "Observation?subject:Patient.gender=female&subject=Patient/p7&_sort=date",
        "Observation?patient.identifier=i7&_sort=-date",
        "Observation?patient.identifier=i7&subject:Patient.gender=female",
        "Observation?patient.identifier=none",
        "Observation?subject:Patient._has:Observation:subject:code=c7",
        "Patient?_has:Observation:patient:code=c0&_sort=-birthdate",
        "Patient?_has:Observation:patient:code=c7&_sort=-birthdate",
        "Patient?_has:Observation:patient:code=none",
        "Patient?_has:Observation:patient:code=c0&gender=other",
        "Patient?_has:Observation:patient:code=c0&identifier=i7",
        "Patient?_has:Observation:patient:patient.gender=other",
    ],
)
@MODES
async def test_a_page_reads_few_rows(record: Record, asked: str, mode: str) -> None:
    name, _, pairs = asked.partition("?")
    split = [each.partition("=") for each in pairs.split("&")]
    query = record.query(name, *((code, text) for code, _, text in split), ("_count", "20"))
    read, plan = await _explained(record, page_statement(query, record.access, None), mode)
    assert read <= MOST, plan


@pytest.mark.parametrize(
    "asked", ["_include=Observation:subject", "_revinclude:iterate=Observation:subject"]
)
@MODES
async def test_includes_read_few_rows(record: Record, asked: str, mode: str) -> None:
    name, _, text = asked.partition("=")
    query = record.query("Observation", (name, text))
    beside = [
        *(Shown(Key("Observation", f"o{n}"), PATIENTS + n) for n in range(1, 51)),
        *(Shown(Key("Patient", f"p{n}"), n) for n in range(1, 51)),
    ]
    known = [each.pk for each in beside]
    statement = included_statement(query.includes, beside, known, access=record.access, limit=1001)
    assert statement is not None
    read, plan = await _explained(record, statement, mode)
    assert read <= MOST, plan


async def test_the_rows_are_as_the_index_has_them(record: Record) -> None:
    number = served_parameters("Observation")["subject"].number
    term = hash_term(record.tenant, TYPE_CODE["Observation"], f"{number}r Patient/p7")
    found = await record.connection.fetchval(
        "SELECT count(*) FROM record.search_row WHERE tenant = $1 AND terms @> ARRAY[$2::bigint]",
        record.tenant, term,
    )  # fmt: skip
    assert found == OBSERVATIONS / PATIENTS
