"""Searches answered by SQL equal those of a second opinion, on records made to collide."""

from __future__ import annotations

from datetime import UTC
from random import Random
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from shared.fhir.errors import FhirError
from tests.search.engine import Engine
from tests.search.generated.datatypes import BASE
from tests.search.generated.queries import Search, Searches
from tests.search.generated.resources import record
from tests.search.opinion import World
from tests.search.opinion.problem import Problem
from tests.store.search_record import NOW

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from shared.fhir.search.query import Query
    from tests.search.opinion import Answer

WORLDS = 8
SEARCHES = 250
LONG_WORLDS = 250
LONG_SEARCHES = 400
ZONES = (UTC, ZoneInfo("Europe/Berlin"))
# With a small budget the walk of the order is given up, so that both ways are taken.
BUDGETS = (1, 1000)


@pytest.fixture(scope="module")
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    found = await asyncpg.connect(database_url)
    yield found
    await found.close()


@pytest.mark.parametrize("seed", range(WORLDS))
async def test_searches_equal_the_second_opinion(
    connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    await compare(connection, monkeypatch, seed, SEARCHES)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1000, 1000 + LONG_WORLDS))
async def test_many_searches_equal_the_second_opinion(
    connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    await compare(connection, monkeypatch, seed, LONG_SEARCHES)


async def compare(
    connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch, seed: int, searches: int
) -> None:
    """Make a record, and compare the answers to searches of it."""
    monkeypatch.setattr("shared.store.search.page._BUDGET", BUDGETS[seed % 2])
    zone, resources = ZONES[seed // 2 % 2], record(seed)
    world = World(resources, now=NOW, zone=zone, base=BASE)
    made = Searches(Random(seed), world.things)
    async with connection.transaction():
        engine = Engine(connection, zone)
        await engine.write(resources)
        for number in range(searches):
            search = made.any()
            told = Told(world, search, f"seed {seed}, search {number}")
            await told.compare(engine, count=number % 7 + 1 if number % 5 == 0 else None)


class Told:
    """What the second opinion says to a search, and what there is to say where it differs."""

    def __init__(self, world: World, search: Search, name: str) -> None:
        self._world, self._search, self._name = world, search, name
        try:
            self._answer: Answer | None = world.search(
                search.types, search.raw, lenient=search.lenient, compartment=search.compartment
            )
        except Problem:
            self._answer = None

    async def compare(self, engine: Engine, count: int | None) -> None:
        """Compare with what the engine finds; on pages of so many, there and back, if given."""
        query = await self._read(engine)
        if query is None or self._answer is None:
            return
        expected = list(self._answer.matches)
        found = await (engine.matches(query) if count is None else engine.walk(query, count))
        assert found == expected, self._differing(expected, found)
        assert await engine.count(query) == len(expected), self._text("is counted wrongly", "")
        if not query.parts:
            made = [each.id for each in self._world.things if each.key in self._answer.matches]
            assert await engine.first_two(query) == made[:2], self._text("as a condition", "")
        if query.includes:
            beside = await engine.beside(query, found)
            included = self._answer.included
            assert beside == included, self._differing(sorted(included), sorted(beside))

    async def _read(self, engine: Engine) -> Query | None:
        try:
            query, problem = await engine.query(self._search), ""
        except FhirError as error:
            query, problem = None, str(error)
        what = "is not refused" if query else "is refused"
        assert (query is None) == (self._answer is None), self._text(what, problem)
        return query

    def _differing(self, expected: list[tuple[str, str]], found: list[tuple[str, str]]) -> str:
        apart = {*expected} ^ {*found} or {*expected}
        concerned = [
            f"{each.place} {each.updated.isoformat()} {each.resource}"
            for each in self._world.things
            if each.key in apart
        ]
        both = f"expected {_named(expected)}\nfound    {_named(found)}"
        return self._text("differs", "\n".join((both, *concerned[:6])))

    def _text(self, what: str, more: str) -> str:
        search = self._search
        place = "/".join(search.compartment or ())
        return f"{self._name} {what}: {place} {','.join(search.types)}?{search.raw}\n{more}"


def _named(keys: list[tuple[str, str]]) -> str:
    return " ".join("/".join(key) for key in keys)
