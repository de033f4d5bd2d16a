"""A program that starts while PostgreSQL fails waits for it, and ends no other."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING

import httpx

from tests.faults.conftest import END_SESSIONS, workers_of
from tests.record import owner

if TYPE_CHECKING:
    from shared.store.embedded import EmbeddedServer
    from tests.programs import Programs

# A program takes a few seconds until it asks the database for something.
FAILING_SECONDS = 8
BASIC = {"resourceType": "Basic", "code": {"text": "anything"}}


async def failing(server: EmbeddedServer) -> None:
    """Let PostgreSQL let everybody in, and end each session after a moment."""
    clock = asyncio.get_running_loop().time
    until = clock() + FAILING_SECONDS
    async with owner(server.url) as connection:
        while clock() < until:
            await connection.execute(END_SESSIONS)
            await asyncio.sleep(0.005)


def can_write(programs: Programs) -> bool:
    answer = httpx.post(f"{programs.fhir}/Basic", json=BASIC, timeout=30, trust_env=False)
    return answer.status_code == 201


async def test_workers_that_start_while_postgresql_fails_wait_for_it(
    together: Programs, server: EmbeddedServer
) -> None:
    before = workers_of(together)
    for each in before:
        os.kill(each, signal.SIGKILL)

    await failing(server)

    async with asyncio.timeout(60):
        while len(workers_of(together) - before) < len(before):  # noqa: ASYNC110 - other programs
            await asyncio.sleep(0.05)
    await asyncio.to_thread(together.wait_until_ready, "front-door")
    assert can_write(together)


async def test_a_service_that_starts_while_postgresql_fails_waits_for_it(
    separate: Programs, server: EmbeddedServer
) -> None:
    separate.kill("intake")
    separate.launch("intake")

    await failing(server)

    await asyncio.to_thread(separate.wait_until_ready, "intake")
    assert can_write(separate)
