"""Every prefix, with every precision, against every kind of stored range."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from tests.store.search_oracle import answer
from tests.store.search_record import Record
from tests.store.search_strategies import DATES, PREFIXES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PERIODS = [
    *({"start": low, "end": high} for low, high in product(DATES, DATES) if low <= high),
    *({"start": each} for each in DATES),
    *({"end": each} for each in DATES),
]
STAMPS = (
    "2025-02-01", "2025-02-01T10:00Z", "2025-02-01T10:00:00Z", "2025-02-01T10:00:00.000Z",
    "2025-02-01T10:00:00.250Z", "2025-02-01T10:00:00.2505Z", "2024", "2026", "9999",
)  # fmt: skip


@pytest.fixture(scope="module")
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    found = await asyncpg.connect(database_url)
    yield found
    await found.close()


@pytest.fixture(scope="module")
async def periods(connection: asyncpg.Connection) -> tuple[Record, list[dict[str, Any]]]:
    resources = [
        {
            "resourceType": "Encounter",
            "id": f"e{place}",
            "status": "finished",
            "class": {"code": "AMB"},
            "period": period,
            "location": [{"location": {"display": "here"}, "period": period}],
        }
        for place, period in enumerate(PERIODS)
    ]
    record = Record(connection)
    await record.write(resources)
    return record, resources


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("code", ["date", "location-period"])
async def test_periods_are_compared_by_the_formulas(
    periods: tuple[Record, list[dict[str, Any]]], code: str, prefix: str
) -> None:
    record, resources = periods
    updated = {each["id"]: datetime(2026, 1, 1, tzinfo=UTC) for each in resources}
    for text in DATES:
        query = record.query("Encounter", (code, prefix + text), ("_count", "1000"))
        assert await record.ids(query) == answer(query, resources, updated), text


@pytest.mark.parametrize("prefix", PREFIXES)
async def test_the_last_update_is_a_range_of_one_millisecond(
    connection: asyncpg.Connection, prefix: str
) -> None:
    start = datetime(2025, 2, 1, 9, 59, 59, 998_000, tzinfo=UTC)
    updated = {f"p{n}": start + timedelta(milliseconds=n * 126) for n in range(6)}
    updated |= {f"q{n}": start + timedelta(milliseconds=n) for n in range(4)}
    resources = [{"resourceType": "Patient", "id": each} for each in updated]
    record = Record(connection)
    await record.write([each | {"_updated": updated[each["id"]]} for each in resources])
    for text in STAMPS:
        query = record.query("Patient", ("_lastUpdated", prefix + text))
        assert await record.ids(query) == answer(query, resources, updated), text
