"""A process that runs two copies of plan's part in the feed: `feed_copy URL TENANT`."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, cast

from tests.store.feed_site import Site, note, reaction

if TYPE_CHECKING:
    import asyncpg


async def run(url: str, tenant: int) -> None:
    site = Site(url, tenant, cast("asyncpg.Connection", None))
    async with site.running("plan", reaction(note)), site.running("plan", reaction(note)):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], int(sys.argv[2])))
