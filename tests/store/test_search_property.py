"""Searches answered by SQL equal those answered by looking at every resource."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.store.search_oracle import answer
from tests.store.search_record import Record
from tests.store.search_strategies import searches, worlds

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime


@pytest.fixture(scope="module")
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    found = await asyncpg.connect(database_url)
    yield found
    await found.close()


@pytest.mark.parametrize("budget", [1, 1000])
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(world=worlds(), asked=st.lists(searches(), min_size=20, max_size=30))
async def test_every_page_walk_equals_the_plain_matcher(
    connection: asyncpg.Connection,
    monkeypatch: pytest.MonkeyPatch,
    budget: int,
    world: tuple[list[dict[str, Any]], dict[str, datetime]],
    asked: list[tuple[str, list[tuple[str, str]]]],
) -> None:
    # With a small budget the walk of the order is given up, so that both ways are taken.
    monkeypatch.setattr("shared.store.search.page._BUDGET", budget)
    monkeypatch.setattr("shared.store.search.page._FOR_EACH", min(budget, 10))
    monkeypatch.setattr("shared.store.search.stages._FEW", budget)
    monkeypatch.setattr("shared.store.search.stages._LONGER", 2)
    monkeypatch.setattr("shared.store.search.driving._FEW", budget)
    resources, updated = world
    record = Record(connection)
    await record.write(
        [copy.deepcopy(each) | {"_updated": updated[each["id"]]} for each in resources]
    )
    for name, pairs in asked:
        query = record.query(name, *pairs)
        expected = answer(query, resources, updated)
        assert await record.walk(query) == expected, (name, pairs)
        assert await record.count(query) == len(expected)
        assert [each for each, _ in await record.matching(query)] == [
            each["id"] for each in resources if each["id"] in expected
        ][:2]
        seen = [each for each in resources if _is_about(each, "p0")]
        few, many = record.limited("p0"), record.limited("p0", *(f"x{n}" for n in range(50)))
        expected = answer(query, seen, updated)
        for access in (few, many):
            assert await record.ids(query, access) == expected[: query.count + 1], (name, pairs)


def _is_about(resource: dict[str, Any], patient: str) -> bool:
    subject = resource.get("subject", {})
    return bool(resource["id"] == patient or subject == {"reference": f"Patient/{patient}"})
