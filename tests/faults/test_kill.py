"""kill -9 at random moments, with many requests on their way: nothing acknowledged is lost."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from contextlib import suppress
from itertools import cycle
from typing import TYPE_CHECKING

import pytest

from tests.faults import aftermath
from tests.faults.conftest import kill_postmaster, workers_of
from tests.faults.traffic import Journal, traffic, until_each_succeeds
from tests.processes import descendants, is_alive
from tests.programs import SERVICES
from tests.record import faults, settled

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from shared.store.embedded import EmbeddedServer
    from tests.programs import Programs

ROUNDS = [3, pytest.param(20, marks=pytest.mark.long)]
# What a client may be told; anything else would be a fault of ours, such as a 500.
TOLD = {200, 201, 204, 503, 504}


async def after_kills(programs: Programs, kill: Callable[[], Awaitable[None]], rounds: int) -> None:
    """Kill again and again amid traffic, and look at what is left."""
    url = programs.database_url
    async with traffic(programs) as (journal, writers):
        await until_each_succeeds(writers)
        for _ in range(rounds):
            await asyncio.sleep(random.uniform(0.05, 0.5))
            await journal.until_busy()
            await kill()
            await until_each_succeeds(writers)
    await look_at(programs, url, journal)


async def look_at(programs: Programs, url: str, journal: Journal) -> None:
    assert set(journal.statuses) <= TOLD, journal.statuses
    assert len(journal.written) > 100
    assert await aftermath.lost(url, journal) == []
    assert await aftermath.half_done(url, journal) == []
    assert await aftermath.unreadable(programs, journal) == []
    await settled(url)
    assert await aftermath.effects_not_had_once(url, journal) == []
    bases = (programs.fhir, *map(programs.base, SERVICES))
    assert await faults(url, bases=bases) == []


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_a_service_that_is_killed_loses_nothing(separate: Programs, rounds: int) -> None:
    async def kill() -> None:
        name = random.choice(SERVICES)
        separate.kill(name)
        await asyncio.to_thread(separate.start, name)

    await after_kills(separate, kill, rounds)


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_postgresql_that_is_killed_loses_nothing(
    separate: Programs, server: EmbeddedServer, rounds: int
) -> None:
    async def kill() -> None:
        kill_postmaster(server)
        for name in SERVICES:
            await asyncio.to_thread(separate.wait_until_ready, name)

    await after_kills(separate, kill, rounds)


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_a_worker_that_is_killed_loses_nothing(
    together: Programs, server: EmbeddedServer, rounds: int
) -> None:
    also_postgresql = cycle((False, True))

    async def kill() -> None:
        before = workers_of(together)
        os.kill(random.choice(sorted(before)), signal.SIGKILL)
        if next(also_postgresql):
            kill_postmaster(server)
        async with asyncio.timeout(60):
            while len(workers_of(together)) < len(before):  # noqa: ASYNC110 - other programs
                await asyncio.sleep(0.05)
        await asyncio.to_thread(together.wait_until_ready, "front-door")

    await after_kills(together, kill, rounds)


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_everything_that_is_killed_at_once_loses_nothing(
    together: Programs, server: EmbeddedServer, rounds: int
) -> None:
    async def kill() -> None:
        parent = together.processes["front-door"].pid
        killed = descendants(parent)
        together.kill("front-door")
        for process in killed:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        kill_postmaster(server)
        while any(map(is_alive, killed)):  # noqa: ASYNC110 - other programs
            await asyncio.sleep(0.01)
        await asyncio.to_thread(together.start, "front-door")

    await after_kills(together, kill, rounds)
