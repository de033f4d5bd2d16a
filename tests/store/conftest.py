"""What the tests of the feed share: a tenant of its own for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.store.feed_site import new_site

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.store.feed_site import Site


@pytest.fixture
async def site(database_url: str) -> AsyncIterator[Site]:
    async with new_site(database_url) as each:
        yield each
