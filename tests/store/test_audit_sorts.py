"""Rows of the audit come in the order of what their AuditEvents tell."""

from __future__ import annotations

from datetime import UTC
from random import Random
from typing import TYPE_CHECKING, Final

import asyncpg
import pytest

from shared.fhir.search.parameters import served_parameters
from shared.server.audit_event import audit_event
from shared.store.audit_search import audit_page_statement
from tests.search.opinion.ordering import ordered, sort_keys
from tests.search.opinion.reading import Reading as Opinion
from tests.search.opinion.thing import Thing
from tests.store.test_audit_search import SECRET, START, Trail, drawn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

# Several keys; what no AuditEvent tells sorts nothing.
AFTER_TIME: Final = (
    "action,-date",
    "-outcome,entity-role,agent",
    "date,-subtype",
    "-site,-entity",
    "-site",
)


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    found = await asyncpg.connect(database_url)
    yield found
    await found.close()


@pytest.mark.parametrize("seed", range(2))
async def test_rows_come_in_the_order_of_what_their_resources_tell(
    connection: asyncpg.Connection, seed: int
) -> None:
    random = Random(seed)
    trail = Trail(connection)
    await trail.write([drawn(random) for _ in range(25)])
    record = trail.record
    every = await trail.fetch(
        audit_page_statement(
            record.query("AuditEvent", ("_sort", "date")), record.access, None, secret=SECRET
        )
    )
    things = [Thing(audit_event(each), START, place) for place, each in enumerate(every)]
    opinion = Opinion(things, zone=UTC, now=START, base="", terminology=lambda *_: set())
    codes = [code for code, each in served_parameters("AuditEvent").items() if each.is_sortable]
    for text in (*codes, *(f"-{each}" for each in codes), *AFTER_TIME):
        asked = (("_sort", text), ("_count", "7"))
        expected = ordered(things, sort_keys(["AuditEvent"], text), opinion)
        found = await trail.walk(record.query("AuditEvent", *asked), record.access)
        assert found == [every[each.place].position for each in expected], text
