"""A stop amid traffic: whoever waits is answered, or finds the connection closed; never a fault."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import asyncpg
import httpx
import pytest

from tests.processes import descendants, processes
from tests.programs import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

STOP_SECONDS = 20
CLIENTS = 16
# Carried out, not acted on, perhaps acted on.
TOLD = {200, 201, 503, 504}
CLOSED = (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)
PATIENT = {"resourceType": "Patient"}


class Program:
    """Everything as one program, and what it has logged."""

    def __init__(self, database_url: str, log: Path) -> None:
        port = free_port()
        self.address = ("127.0.0.1", port)
        self.root = f"http://127.0.0.1:{port}"
        self._log = log
        command = [sys.executable, "-m", "services.cli", "serve", "--open", "--workers", "2"]
        environment = os.environ | {
            "STEPDOWN_DATABASE_URL": database_url,
            "STEPDOWN_LOG_LEVEL": "warning",
        }
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [*command, "--port", str(port)],
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=output,
                start_new_session=True,
            )

    @property
    def log(self) -> str:
        return self._log.read_text()

    def wait_until_ready(self) -> None:
        while True:
            assert self.process.poll() is None, self.log
            with suppress(httpx.HTTPError):
                if httpx.get(f"{self.root}/health/ready", trust_env=False).is_success:
                    return
            time.sleep(0.05)

    def told_to_stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def assert_ended_quietly(self) -> None:
        assert self.process.wait(STOP_SECONDS) == 0
        for word in ("Traceback", "CancelledError", "Exception", "exception"):
            assert word not in self.log


@pytest.fixture
def program(database_url: str, tmp_path: Path) -> Iterator[Program]:
    running = Program(database_url, tmp_path / "log")
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.process.kill()
        running.process.wait()


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def ask_on(root: str, method: str, told: Counter[int | str]) -> None:
    """Ask without a pause until nobody listens any more."""
    body = PATIENT if method == "POST" else None
    async with httpx.AsyncClient(base_url=root, timeout=180, trust_env=False) as http:
        with suppress(httpx.ConnectError):
            while True:
                try:
                    answer = await http.request(method, "/fhir/Patient", json=body)
                    told[answer.status_code] += 1
                except CLOSED:
                    told["closed"] += 1


async def test_traffic_ends_in_answers_or_closed_connections(program: Program) -> None:
    told: Counter[int | str] = Counter()
    async with asyncio.TaskGroup() as group:
        for method in ("GET", "POST") * (CLIENTS // 2):
            group.create_task(ask_on(program.root, method, told))
        while told.total() < 200:  # noqa: ASYNC110 - it changes many times a second
            await asyncio.sleep(0.01)
        program.told_to_stop()
    assert set(told) <= TOLD | {"closed"}, told
    assert told[200] > 0
    assert told[201] > 0
    program.assert_ended_quietly()


def test_a_body_that_never_came_to_its_end_is_not_acted_on(program: Program) -> None:
    with socket.create_connection(program.address, timeout=180) as client:
        client.sendall(
            b"POST /fhir/Patient HTTP/1.1\r\nHost: here\r\nX-Request-Id: half\r\n"
            b"Content-Type: application/fhir+json\r\nContent-Length: 1000\r\n\r\n{"
        )
        time.sleep(0.5)
        program.told_to_stop()
        answer = client.makefile("rb").read()
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 ")
    assert b"x-request-id: half" in head.lower()
    assert json.loads(body)["issue"][0]["code"] == "transient"
    program.assert_ended_quietly()


async def test_what_the_record_does_not_answer_any_more_is_told_by_what_it_may_have_done(
    program: Program, owner: asyncpg.Connection
) -> None:
    async with httpx.AsyncClient(base_url=program.root, timeout=180, trust_env=False) as http:
        await http.post("/fhir/Patient", json=PATIENT)
        with halted(await postgresql(owner)):
            asked = [
                asyncio.create_task(http.get("/fhir/Patient")),
                asyncio.create_task(http.post("/fhir/Patient", json=PATIENT)),
            ]
            await asyncio.sleep(0.5)
            program.told_to_stop()
            read, written = await asyncio.gather(*asked)
    assert (read.status_code, written.status_code) == (503, 504)
    assert read.headers["Retry-After"]
    assert written.json()["resourceType"] == "OperationOutcome"
    program.assert_ended_quietly()


async def postgresql(owner: asyncpg.Connection) -> set[int]:
    """Find PostgreSQL's processes."""
    postmaster = processes()[await owner.fetchval("SELECT pg_backend_pid()")].parent
    return {postmaster, *descendants(postmaster)}


@contextmanager
def halted(running: set[int]) -> Iterator[None]:
    """Let processes answer nothing for a while."""
    for process in running:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in running:
            os.kill(process, signal.SIGCONT)
