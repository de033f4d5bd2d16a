"""A record that was dumped and restored into another PostgreSQL server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from services.record import ownership
from shared.store.migrate import NotMigrated, prepare
from shared.store.moved_in import is_from_elsewhere
from shared.store.roles import role_url
from tests.store.feed_site import note, reaction

if TYPE_CHECKING:
    import asyncpg

    from tests.store.feed_site import Site

AHEAD = 1_000_000
FEED = "SELECT array_agg(id ORDER BY xid, position) FROM record.feed WHERE tenant = $1"


async def pretend_to_come_from_a_busier_server(owner: asyncpg.Connection) -> None:
    await owner.execute("UPDATE record.feed SET xid = xid + $1", AHEAD)
    await owner.execute("UPDATE plan.cursor SET xid = xid + $1 WHERE position > 0", AHEAD)


async def test_after_a_restore_nothing_is_passed_over_and_nothing_happens_twice(site: Site) -> None:
    await site.write("Patient/a")
    async with site.running("plan", reaction(note)):
        await site.noted(1)
    await site.write("Patient/a")
    await pretend_to_come_from_a_busier_server(site.owner)
    assert await is_from_elsewhere(site.url, site.tenant)

    await prepare(site.url, ownership())
    await site.write("Patient/a")
    async with site.running("plan", reaction(note)):
        assert len(await site.noted(3)) == 3

    assert not await is_from_elsewhere(site.url, site.tenant)
    assert await site.rows(FEED) == [(["e1", "e2", "e3"],)]


async def test_a_service_does_not_start_on_a_restored_record_before_its_owner_migrates(
    site: Site,
) -> None:
    await site.write("Patient/a")
    await prepare(role_url(site.url, "plan"), ownership(), site.tenant)
    await pretend_to_come_from_a_busier_server(site.owner)

    with pytest.raises(NotMigrated):
        await prepare(role_url(site.url, "plan"), ownership(), site.tenant)

    await prepare(site.url, ownership())
