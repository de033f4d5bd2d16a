"""A search of the audit compares the time of a row as each prefix asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest

from tests.store.test_audit_search import Row, Trail

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture(scope="module")
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    found = await asyncpg.connect(database_url)
    yield found
    await found.close()


@pytest.mark.parametrize(
    ("prefix", "minutes"),
    [
        ("eq", [3]),
        ("ap", [4, 3, 2]),
        ("ne", [4, 2]),
        ("gt", [4]),
        ("sa", [4]),
        ("ge", [4, 3]),
        ("lt", [2]),
        ("eb", [2]),
        ("le", [3, 2]),
    ],
)
async def test_each_prefix_draws_its_line_where_the_range_begins_or_ends(
    connection: asyncpg.Connection, prefix: str, minutes: list[int]
) -> None:
    trail = Trail(connection)
    await trail.write([Row(each, None, "read", "Flag", "f1", "p1", 200) for each in (2, 3, 4)])
    query = trail.record.query("AuditEvent", ("date", f"{prefix}2026-03-01T00:03Z"))
    at = {row.position: row.minute for row in trail.rows}

    assert [at[each] for each in await trail.walk(query, trail.record.access)] == minutes
