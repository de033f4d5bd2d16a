"""Makes a record that was dumped and restored at home in its new PostgreSQL server.

The feed is ordered by transaction ids, and a new server begins to count anew: what it writes would
seem older than what came along, and consumers would pass over it. So the ids that came along are
lowered, all by the same number, below every id that the new server can give.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import asyncpg

if TYPE_CHECKING:
    from collections.abc import Iterable

_LATEST: Final = """
SELECT max(last.xid) FROM record.site s, LATERAL (
  SELECT f.xid FROM record.feed f WHERE f.tenant = s.tenant ORDER BY f.xid DESC LIMIT 1) last
"""
_FROM_ELSEWHERE: Final = (
    f"SELECT ({_LATEST}) >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
)


async def is_from_elsewhere(url: str, tenant: int) -> bool:
    """Tell whether the feed holds transactions that this server has not come to yet.

    A service's role sees the feed of its tenant only, the owner sees all.
    """
    settings = {"stepdown.tenant": str(tenant)}
    connection = await asyncpg.connect(url, timeout=10, server_settings=settings)
    try:
        return bool(await connection.fetchval(_FROM_ELSEWHERE))
    finally:
        await connection.close()


async def settle_in(connection: asyncpg.Connection, services: Iterable[str]) -> None:
    """Lower the transaction ids of the feed and of the cursors, where they came from elsewhere."""
    if not await connection.fetchval(_FROM_ELSEWHERE):
        return
    async with connection.transaction():
        latest = await connection.fetchval(_LATEST)
        await connection.execute("UPDATE record.feed SET xid = xid - $1", latest)
        for service in services:
            await connection.execute(
                # A cursor that has read nothing stands before everything, and stays there.
                f"UPDATE {service}.cursor SET xid = xid - $1 WHERE position > 0",
                latest,
            )
