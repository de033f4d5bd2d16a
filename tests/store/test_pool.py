"""The pool of connections: what one use leaves behind must not reach the next."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import asyncpg
import pytest

from shared.fhir.errors import Unavailable
from shared.store.pool import Pool, PoolLimits

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    """A pool of one connection."""
    only = Pool(database_url, 1, limits=PoolLimits(size=1, acquire_seconds=0.2))
    async with only.connection() as connection:
        await connection.execute("CREATE TABLE IF NOT EXISTS public.mark (name text)")
    yield only
    await only.close()


async def _write(pool: Pool, name: str) -> None:
    async with pool.connection() as connection, connection.transaction():
        await connection.execute("INSERT INTO public.mark VALUES ($1)", name)


async def _is_written(pool: Pool, name: str) -> bool:
    async with pool.connection() as connection:
        found: bool = await connection.fetchval(
            "SELECT EXISTS (SELECT FROM public.mark WHERE name = $1)", name
        )
    return found


async def test_a_write_after_a_cancelled_one_is_kept(pool: Pool) -> None:
    for turns in range(8):
        cut_off = asyncio.create_task(_write(pool, f"cut off {turns}"))
        for _ in range(turns):
            await asyncio.sleep(0)
        cut_off.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await cut_off

        await _write(pool, f"kept {turns}")
        assert await _is_written(pool, f"kept {turns}")


async def test_a_place_is_given_back_however_its_use_ends(pool: Pool) -> None:
    for error in (ValueError, asyncio.CancelledError, asyncpg.QueryCanceledError, OSError):
        with pytest.raises((error, Unavailable)):
            async with pool.connection():
                raise error
        assert pool.in_use == 0
    await _write(pool, "at the end")


async def test_who_waits_too_long_for_a_place_is_told_so(pool: Pool) -> None:
    async with pool.connection():
        with pytest.raises(Unavailable):
            await _write(pool, "no place")
    await _write(pool, "a place")
    assert await _is_written(pool, "a place")
