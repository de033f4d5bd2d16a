"""What many clients do could have happened in one order, whatever fails meanwhile."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.api.concurrent_clients import Clients, brought_back
from tests.faults.conftest import END_SESSIONS, kill_postmaster, workers_of
from tests.record import owner

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from shared.store.embedded import EmbeddedServer
    from tests.programs import Programs

    Fault = Callable[[], Awaitable[None]]

# The answers of a program that cannot tell whether it acted, or whose sibling stopped answering.
UNSURE = (502, 503, 504)
HANG_UP_SECONDS = 0.02


class Impatient(httpx.AsyncClient):
    """A client that hangs up on one request in ten before it is answered."""

    async def request(self, *args: object, **told: object) -> httpx.Response:
        if random.random() < 0.1:
            told["timeout"] = random.uniform(0, HANG_UP_SECONDS)
        return await super().request(*args, **told)  # type: ignore[arg-type]


async def amid(faults: Sequence[Fault], clients: Clients, many: int) -> None:
    """Let clients act without a pause while one fault comes after the other."""
    is_over = False

    async def act() -> None:
        while not is_over:
            await clients.one()

    async with asyncio.TaskGroup() as group:
        for _ in range(many):
            group.create_task(act())
        for fault in faults:
            before = answered(clients)
            await fault()
            async with asyncio.timeout(60):
                while answered(clients) < before + many:  # noqa: ASYNC110 - others act
                    await asyncio.sleep(0.05)
        is_over = True


def answered(clients: Clients) -> int:
    told = [each for events in clients.events.values() for each in events]
    return len([each for each in told if each.outcome == "done"])


async def settled(clients: Clients) -> None:
    """Wait until nothing comes any more of those who hung up."""
    async with asyncio.timeout(60):
        before, now = None, [await clients.final(each) for each in clients.ids]
        while before != now:
            await asyncio.sleep(0.5)
            before, now = now, [await clients.final(each) for each in clients.ids]


async def look_at(
    programs: Programs, faults: Sequence[Fault], *, seed: int, many: int, resources: int
) -> None:
    limits = httpx.Limits(max_connections=None, keepalive_expiry=2)
    async with Impatient(base_url=programs.fhir, limits=limits, timeout=30, verify=False) as http:
        clients = Clients(http, seed, resources, UNSURE)
        await amid(faults, clients, many)
    async with httpx.AsyncClient(base_url=programs.fhir, timeout=30, verify=False) as http:
        clients.client = http
        await settled(clients)
        assert brought_back(await clients.check())
    outcomes = {each.outcome for events in clients.events.values() for each in events}
    assert outcomes == {"done", "failed", "lost"}


async def _pause(processes: Sequence[int], seconds: float) -> None:
    for each in processes:
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGSTOP)
    await asyncio.sleep(seconds)
    for each in processes:
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGCONT)


def of_database(server: EmbeddedServer) -> list[Fault]:
    async def end_sessions() -> None:
        async with owner(server.url) as connection:
            await connection.execute(END_SESSIONS)

    async def kill() -> None:
        kill_postmaster(server)

    return [end_sessions, kill]


def of_workers(programs: Programs) -> list[Fault]:
    async def kill() -> None:
        os.kill(random.choice(sorted(workers_of(programs))), signal.SIGKILL)

    async def pause() -> None:
        await _pause([random.choice(sorted(workers_of(programs)))], random.uniform(0.2, 1))

    return [kill, pause]


def of_service(programs: Programs) -> list[Fault]:
    async def kill() -> None:
        programs.kill("intake")
        await asyncio.to_thread(programs.start, "intake")

    async def pause() -> None:
        await _pause([programs.processes["intake"].pid], random.uniform(0.2, 3))

    return [kill, pause]


@pytest.mark.parametrize(
    ("many", "rounds"), [(16, 1), pytest.param(64, 30, marks=pytest.mark.long)]
)
async def test_histories_amid_faults_of_workers_and_database_could_have_happened(
    together: Programs, server: EmbeddedServer, many: int, rounds: int
) -> None:
    faults = [*of_workers(together), *of_database(server)]
    for seed in range(rounds):
        order = random.sample(faults, len(faults))
        await look_at(together, order, seed=seed, many=many, resources=2 + seed % 9)


@pytest.mark.long
@pytest.mark.parametrize("many", [8, 64])
async def test_histories_amid_faults_of_a_service_and_database_could_have_happened(
    separate: Programs, server: EmbeddedServer, many: int
) -> None:
    faults = [*of_service(separate), *of_database(server)] * 2
    for seed in range(10):
        order = random.sample(faults, len(faults))
        await look_at(separate, order, seed=seed, many=many, resources=1 + seed)
