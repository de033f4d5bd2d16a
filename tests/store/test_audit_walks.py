"""A page of the audit leaves out nothing that stands before its end, however far was looked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import asyncpg
import pytest

from shared.fhir.definitions import TYPE_CODE
from shared.fhir.errors import TooCostly
from shared.store.audit_search import audit_place
from shared.store.audit_walks import MOST_LOOKED_AT
from shared.store.reading import Reading
from tests.store.search_record import Record

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SECRET = b"s" * 32
START: Final = "timestamptz '2026-03-01T00:00:00Z'"
# What two callers did, each the half of what is looked at and more: one by the second, and of that
# a few deletions long ago; one less often, and nothing but deletions.
OFTEN: Final = MOST_LOOKED_AT
SELDOM: Final = MOST_LOOKED_AT // 10


@pytest.fixture
async def record(database_url: str) -> AsyncIterator[Record]:
    connection = await asyncpg.connect(database_url)
    record = Record(connection)
    for caller, number, seconds, deletions in (
        ("Practitioner/often", OFTEN, 1, "n BETWEEN 6001 AND 6100"),
        ("Practitioner/seldom", SELDOM, 10, "true"),
    ):
        await connection.execute(
            "INSERT INTO record.audit (tenant, recorded, service, caller, interaction, type, id, "
            f"request_id, status) SELECT $1, {START} - n * {seconds} * interval '1 s', 'intake', "
            f"$2, CASE WHEN {deletions} THEN 'delete' ELSE 'read' END, $3, 'f', 'r', 204 "
            f"FROM generate_series(1, {number}) n",
            record.tenant,
            caller,
            TYPE_CODE["Flag"],
        )
    yield record
    await connection.execute("DELETE FROM record.audit WHERE tenant = $1", record.tenant)
    await connection.close()


BOTH: Final = (("agent", "Practitioner/often,Practitioner/seldom"), ("action", "D"))


@pytest.mark.parametrize("direction", ["-date", "date"])
async def test_a_full_page_is_refused_where_rows_that_nobody_looked_at_come_before_its_end(
    record: Record, direction: str
) -> None:
    if direction == "date":
        # Seen from the other end everything is the same.
        await record.connection.execute(
            f"UPDATE record.audit SET recorded = {START} - (recorded - {START}) WHERE tenant = $1",
            record.tenant,
        )
    reading = Reading(record.connection, record.access, SECRET)
    # The 700th of one caller comes after what was looked at of the other.
    query = record.query("AuditEvent", *BOTH, ("_count", "700"), ("_sort", direction))
    with pytest.raises(TooCostly, match="narrow the search, as by date"):
        await reading.audit_page(query, None)
    few = replace(query, count=400)
    found = await reading.audit_page(few, None)
    assert [each.row.caller for each in found] == ["Practitioner/seldom"] * 401
    found = await reading.audit_page(few, audit_place(found[399]))
    assert [each.row.caller for each in found].count("Practitioner/often") == 100
    back = await reading.audit_page(few, replace(audit_place(found[0]), backward=True))
    assert [each.row.caller for each in back] == ["Practitioner/seldom"] * 400


async def test_one_caller_is_followed_to_the_end_of_the_page(record: Record) -> None:
    reading = Reading(record.connection, record.access, SECRET)
    alone = record.query("AuditEvent", ("agent", "Practitioner/seldom"), BOTH[1], ("_count", "700"))
    assert len(await reading.audit_page(alone, None)) == 701


@pytest.mark.parametrize("hidden", ["p1", "nobody"])
async def test_how_far_is_looked_does_not_tell_whether_somebody_else_is_there(
    record: Record, hidden: str
) -> None:
    await record.connection.executemany(
        "INSERT INTO record.resource (tenant, type, id, pk, version, deleted, updated, patient) "
        "VALUES ($1, $2, $3, $4, 1, false, now(), $4)",
        [(record.tenant, TYPE_CODE["Patient"], f"p{n}", n + 1) for n in range(2)],
    )
    # Of these are more than the half of what is looked at, and less than all.
    await record.connection.execute(
        "UPDATE record.audit SET patient = 1 WHERE tenant = $1 AND position % 3 > 0", record.tenant
    )
    reading = Reading(record.connection, record.limited("p0"), SECRET)
    asked = record.query("AuditEvent", ("patient", "p0"), ("action", "U"))
    assert await reading.audit_page(asked, None) == []
    both = record.query("AuditEvent", ("patient", f"p0,{hidden}"), ("action", "U"))
    with pytest.raises(TooCostly, match="narrow the search, as by date"):
        await reading.audit_page(both, None)
    await record.connection.execute("DELETE FROM record.resource WHERE tenant = $1", record.tenant)
