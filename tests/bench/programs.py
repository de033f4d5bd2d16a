"""Starts what is measured: the product as its users start it, and the ceiling beside it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import httpx

from services.cli.listening import bound
from tests.bench.usage import postmaster_of
from tests.programs import Programs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.bench.ceiling import Job

WORKERS: Final = 2
_START_SECONDS: Final = 60
_STOP_SECONDS: Final = 15


@dataclass(frozen=True, slots=True)
class Program:
    """A running program: where it listens, its process, and that of its database."""

    port: int
    process: int
    postmaster: int


@contextmanager
def product(url: str) -> Iterator[Program]:
    """Run `stepdown serve --open --workers 2` on a database of the embedded PostgreSQL."""
    with Programs.all_in_one(url, workers=WORKERS) as programs:
        process = programs.processes["front-door"]
        yield Program(programs.ports["front-door"], process.pid, asyncio.run(postmaster_of(url)))


@contextmanager
def ceiling(job: Job, folder: Path) -> Iterator[Program]:
    """Run the bare handler with as many workers."""
    path = folder / "ceiling.job"
    job.save(path)
    with closing(bound("127.0.0.1", 0)) as listening:
        command = [sys.executable, "-m", "tests.bench.ceiling", str(listening.fileno())]
        process = subprocess.Popen(
            [*command, str(WORKERS), str(path)], pass_fds=[listening.fileno()]
        )
        try:
            port = listening.getsockname()[1]
            _wait_until_ready(port)
            yield Program(port, process.pid, asyncio.run(postmaster_of(job.url)))
        finally:
            process.terminate()
            process.wait(_STOP_SECONDS)
            path.unlink()


def _wait_until_ready(port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        with suppress(httpx.HTTPError):
            url = f"http://127.0.0.1:{port}/fhir/Patient/nobody"
            if httpx.get(url, timeout=5, trust_env=False).is_success:
                return
        time.sleep(0.05)
    raise AssertionError("the ceiling does not answer")
