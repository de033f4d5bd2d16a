"""The chain of versions: it holds whatever is written, and breaks where a row is touched."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import asyncpg
import pytest

from services.record import ownership
from shared.store.migrate import migrate, prepare
from shared.store.version import Key
from tests.store.chained_record import KEYS, opened, verified, write, write_randomly
from tests.store.test_moved_in import pretend_to_come_from_a_busier_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

UNDO_MIGRATION = """
DROP FUNCTION record.link_referrers;
DROP INDEX record.audit_type;
DROP INDEX record.version_replaced;
ALTER TABLE record.feed DROP COLUMN link;
ALTER TABLE record.stream DROP COLUMN base, DROP COLUMN added;
UPDATE public.migration SET version_num = '0010'
"""
# The newest version of a resource by itself, as if it had never been; the audit forgets it too.
UNWRITE = """
DELETE FROM record.audit WHERE id = 'w1' AND version = {newest};
DELETE FROM record.version WHERE id = 'w1' AND version = {newest};
DELETE FROM record.feed WHERE id = 'w1' AND version = {newest};
UPDATE record.resource r SET version = v.version, deleted = v.deleted, updated = v.updated
FROM record.version v WHERE r.id = 'w1' AND v.pk = r.pk AND v.version = {newest} - 1
"""


@pytest.fixture
def url(make_database: Callable[[], str]) -> str:
    return make_database()


@pytest.fixture
async def owner(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    yield connection
    await connection.close()


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_is_written_holds(url: str, owner: asyncpg.Connection, seed: int) -> None:
    await write_randomly(url, seed=seed)

    found = await verified(owner)
    assert found.findings == ()
    assert found.versions == await owner.fetchval("SELECT count(*) FROM record.version")
    assert found.streams == await owner.fetchval("SELECT count(DISTINCT stream) FROM record.feed")


async def test_an_empty_record_holds(owner: asyncpg.Connection) -> None:
    found = await verified(owner)
    assert (found.versions, found.findings) == (0, ())
    assert (await verified(owner, found.head)).continues


async def test_each_link_is_its_own(url: str, owner: asyncpg.Connection) -> None:
    await write_randomly(url, seed=7)

    links = [row[0] for row in await owner.fetch("SELECT link FROM record.feed")]
    assert len(set(links)) == len(links)
    assert {len(link) for link in links} == {32}


async def test_a_record_that_stood_before_is_chained_by_the_migration(
    url: str, owner: asyncpg.Connection
) -> None:
    await write_randomly(url, seed=3)
    await owner.execute(UNDO_MIGRATION)
    await migrate(url, ownership())

    assert (await verified(owner)).findings == ()
    await write_randomly(url, seed=4)
    assert (await verified(owner)).findings == ()
    # What stood before can no longer be changed unseen.
    await owner.execute("UPDATE record.version SET method = 'POST' WHERE id = 'w1' AND version = 1")
    assert (await verified(owner)).findings == ("Practitioner/w1 version 1 was altered",)


async def test_a_record_that_moved_to_another_server_holds(
    url: str, owner: asyncpg.Connection
) -> None:
    await write_randomly(url, seed=5)
    kept = (await verified(owner)).head
    await pretend_to_come_from_a_busier_server(owner)
    await prepare(url, ownership())
    await write_randomly(url, seed=6)

    found = await verified(owner, kept)
    assert (found.findings, found.continues) == ((), True)


async def test_a_kept_head_shows_that_the_newest_versions_are_gone(
    url: str, owner: asyncpg.Connection
) -> None:
    await write_randomly(url, seed=8)
    kept = (await verified(owner)).head
    async with opened(url) as store:
        await write(store, KEYS, random.Random(8))
    newest = await owner.fetchval("SELECT version FROM record.resource WHERE id = 'w1'")
    assert (await verified(owner, kept)).continues

    await owner.execute(UNWRITE.format(newest=newest))
    found = await verified(owner, kept)
    # It was written after the head was printed, and without a head nothing tells of it.
    assert (found.findings, found.continues) == ((), True)
    await owner.execute(UNWRITE.format(newest=newest - 1))
    found = await verified(owner, kept)
    assert (found.findings, found.continues) == ((), False)


async def test_an_event_that_a_kept_head_stands_for_is_missed(
    url: str, owner: asyncpg.Connection
) -> None:
    async with opened(url) as store:
        await write(store, [Key("Practitioner", "w1")], random.Random(1))
        await write(store, [Key("Practitioner", "w1")], random.Random(2))
    kept = (await verified(owner)).head
    assert (await verified(owner, kept)).continues

    await owner.execute(UNWRITE.format(newest=2))
    assert not (await verified(owner, kept)).continues
