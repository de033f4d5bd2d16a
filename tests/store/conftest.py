"""What the tests of the feed share: a tenant of its own for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest

from tests.store.feed_site import NOTES, Site

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

# The first tenant's row was written with its number, so the sequence does not know of it.
NEW_SITE = (
    "INSERT INTO record.site SELECT max(tenant) + 1, 'key', 0 FROM record.site RETURNING tenant"
)


@pytest.fixture
async def site(database_url: str) -> AsyncIterator[Site]:
    owner = await asyncpg.connect(database_url)
    await owner.execute(NOTES)
    tenant = await owner.fetchval(NEW_SITE)
    await owner.execute(f"SET stepdown.tenant = '{tenant}'")
    yield Site(database_url, tenant, owner)
    await owner.close()
