"""Rows of older releases, and of later ones: whatever is searched is whole, or refused."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from alembic import command

from services.ownership import DOOR_KEEPER, types_of
from services.record import ownership
from shared.access.access import DEFAULT_TENANT, Access
from shared.fhir.definitions import RESOURCE_TYPES, TYPE_CODE
from shared.fhir.errors import Unavailable
from shared.fhir.search.index_version import INDEX_VERSION
from shared.fhir.search.parse import read_query
from shared.fhir.search.reading import Reading
from shared.store.generation import StaleParameters, begin_generation
from shared.store.migrate import migrate
from shared.store.migrations.run import run
from shared.store.registration import progress, register
from shared.store.reindex import Reindexer
from shared.store.roles import role_url
from shared.store.store import Store
from shared.store.version import Change, Key
from tests.store.search_record import NOW

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from shared.fhir.search.query import Query

OWNED = types_of("intake", RESOURCE_TYPES)
ACCESS = Access.system("test")
PATIENT = TYPE_CODE["Patient"]
OLD_ROWS = """
WITH ids AS (
  SELECT n, 'old-' || n AS id FROM generate_series(1001, 1000 + $1::int) n
), resources AS (
  INSERT INTO record.resource (tenant, type, id, pk, version, deleted, updated)
  SELECT 1, $2, id, n, 1, false, now() FROM ids
), versions AS (
  INSERT INTO record.version (tenant, type, id, pk, version, updated, deleted, method, body)
  SELECT 1, $2, id, n, 1, now(), false, 'PUT',
    '{"resourceType":"Patient","id":"' || id || '","gender":"female"}' FROM ids
)
INSERT INTO record.search_row (tenant, type, pk, id, d_lo, d_hi, terms)
SELECT 1, $2, n, id, 0, 0, '{}' FROM ids
"""
OWN: dict[str, Any] = {
    "url": "https://clinic.example/fhir/SearchParameter/own",
    "code": "own",
    "base": ["Patient"],
    "type": "token",
    "expression": "Patient.gender",
}


@pytest.fixture
def url(make_database: Callable[[], str]) -> str:
    return make_database()


@asynccontextmanager
async def opened(url: str, service: str = "intake") -> AsyncIterator[Store]:
    keeps_door = service == DOOR_KEEPER
    store = Store(url, service, DEFAULT_TENANT, texts=Reading(), keeps_door=keeps_door)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def closed(connection: asyncpg.Connection) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await connection.close()


def query(store: Store, name: str = "gender") -> Query:
    return read_query("Patient", [(name, "female")], store.texts)


async def count(store: Store, name: str = "gender") -> int:
    async with store.reading(ACCESS, snapshot=True) as reading:
        return await reading.count(query(store, name))


async def put(store: Store, logical_id: str) -> None:
    after = {"resourceType": "Patient", "id": logical_id, "gender": "female"}
    async with store.begin(ACCESS, "r") as tx:
        await tx.write([Change(Key("Patient", logical_id), "PUT", None, after, NOW)])


async def finish(store: Store, types: tuple[str, ...] = OWNED) -> None:
    reindexer = Reindexer(store, types)
    async with asyncio.timeout(30):
        while await behind(store, types):
            await reindexer.turn()


async def behind(store: Store, types: tuple[str, ...]) -> list[str]:
    async with store.pool.connection() as connection:
        found = await progress(connection, DEFAULT_TENANT)
    return [each.type for each in found if each.type in types]


async def set_version(url: str, version: int) -> None:
    """Leave the record as another release would."""
    connection = await asyncpg.connect(url, server_settings={"stepdown.tenant": "1"})
    codes = [TYPE_CODE[name] for name in RESOURCE_TYPES]
    await connection.execute("SELECT record.begin_generation($1, $2)", version, codes)
    await connection.close()


async def test_the_rows_of_an_older_schema_are_indexed_before_they_are_searched(
    postgres_url: str, url: str
) -> None:
    name = urlsplit(url).path.removeprefix("/") + "_old"
    owner = await asyncpg.connect(postgres_url)
    await owner.execute(f"CREATE DATABASE {name}")
    await owner.close()
    old = urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    await run(old, ownership(), lambda config: command.upgrade(config, "0008"))
    connection = await asyncpg.connect(old)
    await connection.execute(OLD_ROWS, 120, PATIENT)
    await migrate(old, ownership())

    async with closed(connection), opened(old) as store:
        with pytest.raises(Unavailable, match="Patient is searched by is being indexed anew"):
            await count(store)
        await put(store, "new")
        await finish(store)
        assert await count(store) == 121
        # Nothing was changed: neither versions nor events nor an audit tell of it.
        assert await connection.fetchval("SELECT count(*) FROM record.version") == 121
        assert await connection.fetchval("SELECT count(*) FROM record.feed") == 1
        assert await connection.fetchval("SELECT count(*) FROM record.audit") == 1


async def test_an_empty_record_is_complete_from_the_start(url: str) -> None:
    async with opened(url) as store:
        assert store.texts.stored.generation == 0
        assert await count(store) == 0
        await put(store, "first")
        assert await count(store) == 1
    async with opened(url, "plan") as plan:
        assert await behind(plan, RESOURCE_TYPES) == []


async def test_a_process_that_does_not_know_of_a_parameter_writes_again(url: str) -> None:
    async with opened(url) as one, opened(url) as other:
        async with one.begin(ACCESS, "r") as tx:
            assert await register(tx, [OWN], ())
        with pytest.raises(StaleParameters):
            await put(other, "p1")
        # The failure itself told it.
        await put(other, "p1")
        await finish(other)
        assert await count(other, "own") == 1


async def test_a_search_by_a_parameter_that_has_changed_is_asked_again(url: str) -> None:
    async with opened(url) as one, opened(url) as other:
        async with one.begin(ACCESS, "r") as tx:
            await register(tx, [OWN], ())
        await other.refresh_parameters()
        await finish(other)
        async with one.begin(ACCESS, "r") as tx:
            await register(tx, [OWN | {"expression": "Patient.active"}], ())
        with pytest.raises(StaleParameters):
            await count(other, "own")
        with pytest.raises(Unavailable):
            await count(other, "own")
        await finish(other)
        assert await count(other, "own") == 0
        async with one.begin(ACCESS, "r") as tx:
            assert not await register(tx, [OWN | {"expression": "Patient.active"}], ())


async def test_it_waits_for_who_may_write_by_what_was_known_before(url: str) -> None:
    async with opened(url) as store, opened(url) as other:
        await put(store, "p1")
        async with store.reading(ACCESS, snapshot=True) as reading:
            assert await reading.count(query(store)) == 1
            async with other.begin(ACCESS, "r") as tx:
                await register(tx, [OWN], ())
            await other.refresh_parameters()
            reindexer = Reindexer(other, ("Patient",))
            assert not await reindexer.turn()
            assert await behind(other, ("Patient",)) == ["Patient"]
        await finish(other)
        assert await count(other, "own") == 1


async def test_what_an_older_release_still_writes_is_indexed_again(url: str) -> None:
    async with opened(url) as older, opened(url) as later:
        await put(older, "p1")
        await set_version(url, INDEX_VERSION + 1)
        await older.refresh_parameters()
        assert older.is_outdated
        await put(older, "p2")
        with pytest.raises(Unavailable, match="A later release"):
            await count(older)
        # It leaves the work to the later one.
        assert not await Reindexer(older, OWNED).turn()

        await set_version(url, INDEX_VERSION)
        await finish(later)
        assert await count(later) == 2
        later.is_outdated = True
        await put(later, "p3")
        assert await behind(later, OWNED) == ["Patient"]
        await later.refresh_parameters()
        await finish(later)
        assert await count(later) == 3


async def test_only_the_owner_of_a_type_tells_how_far_it_is(url: str) -> None:
    async with opened(url) as store, store.pool.connection() as connection:
        await begin_generation(connection, ("Patient", "CarePlan"))
    plan = await asyncpg.connect(
        role_url(url, "plan"), server_settings={"stepdown.tenant": str(DEFAULT_TENANT)}
    )
    told = await plan.fetch("UPDATE record.reindex SET done = 1 RETURNING type")
    seen = await plan.fetch("SELECT type FROM record.reindex")
    await plan.close()

    assert [row["type"] for row in told] == [TYPE_CODE["CarePlan"]]
    assert len(seen) == 2
