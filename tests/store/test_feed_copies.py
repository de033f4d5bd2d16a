"""Any number of copies of a service, in any number of processes: every effect still once."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from tests.store.feed_site import note, reaction

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.store.feed_site import Site

ROOT = Path(__file__).parents[2]
LEADERS = """
SELECT count(pg_terminate_backend(l.pid)) FROM pg_locks l
JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()
WHERE $1 > 0 AND l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
"""
EVERYBODY = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE $1 > 0 AND datname = current_database() AND usename = 'stepdown_plan'
"""


@asynccontextmanager
async def other_process(site: Site) -> AsyncIterator[None]:
    """Run two more copies in a process of their own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.store.feed_copy", site.url, str(site.tenant)),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    await process.stdout.readline()
    try:
        yield
    finally:
        process.stdin.close()
        assert await process.wait() == 0


def is_in_order(notes: list[str]) -> bool:
    """Tell whether each stream's events were noted in the order of their numbers."""
    parts = sorted((note.rsplit("/", 1) for note in notes), key=lambda part: part[0])
    streams = [[int(number) for _, number in of] for _, of in groupby(parts, lambda part: part[0])]
    return all(numbers == sorted(numbers) for numbers in streams)


async def test_copies_in_several_processes_have_each_effect_once(site: Site) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(2):
            await stack.enter_async_context(other_process(site))
        for _ in range(2):
            await stack.enter_async_context(site.running("plan", reaction(note)))
        for number in range(200):
            await site.write(f"Patient/{number % 10}")
        notes = await site.noted(200)
    assert is_in_order(notes)
    assert await site.rows("SELECT position FROM plan.inbox WHERE tenant = $1") == []


async def test_another_copy_takes_over_when_the_leaders_connection_is_lost(site: Site) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(3):
            await stack.enter_async_context(site.running("plan", reaction(note)))
        for number in range(1, 101):
            await site.write(f"Patient/{number % 5}")
            if number % 25 == 0:
                await site.noted(number)
                assert await site.rows(LEADERS) == [(1,)]
        notes = await site.noted(100)
    assert is_in_order(notes)


async def test_a_runner_comes_back_after_every_connection_was_cut(site: Site) -> None:
    async with site.running("plan", reaction(note)):
        for round_ in range(1, 4):
            for number in range(10):
                await site.write(f"Patient/{number % 3}")
            await site.rows(EVERYBODY)
            await site.noted(10 * round_)
    assert is_in_order(await site.notes())


async def test_a_copy_that_stops_leaves_the_lead_to_another(site: Site) -> None:
    async with site.running("plan", reaction(note)):
        async with site.running("plan", reaction(note)):
            await site.write("Patient/a")
            await site.noted(1)
        await site.write("Patient/a")
        await site.noted(2)
    async with site.running("plan", reaction(note)):
        await site.write("Patient/a")
        await site.noted(3)
