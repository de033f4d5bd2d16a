"""What the tests of faults share: a PostgreSQL that may be killed, and what must hold after it."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from shared.store.embedded import EmbeddedServer
from shared.store.embedded.processes import postmaster
from tests.processes import descendants, processes
from tests.programs import Programs
from tests.store.embedded_fixtures import place_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.processes import Process

END_SESSIONS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    """A PostgreSQL that no other test uses."""
    folder = Path(tempfile.mkdtemp(prefix="stepdown-test-"))
    folder.chmod(0o755)
    server = EmbeddedServer.start(folder, lambda _: None)
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def separate(server: EmbeddedServer) -> Iterator[Programs]:
    """The services and the front door as programs of their own."""
    with Programs.separate(server.url) as programs:
        yield programs


@pytest.fixture(scope="module")
def together(server: EmbeddedServer) -> Iterator[Programs]:
    """Everything in one program, with two workers."""
    with Programs.all_in_one(server.url, workers=2) as programs:
        yield programs


def kill_postmaster(server: EmbeddedServer) -> None:
    """End PostgreSQL as a crash would; its keeper starts it again."""
    process = postmaster(place_of(server))
    assert process is not None
    os.kill(process, signal.SIGKILL)


def workers_of(programs: Programs) -> set[int]:
    """Find the processes that answer, which the all-in-one program has spawned."""
    found = descendants(programs.processes["front-door"].pid)
    return {each for each, told in processes().items() if each in found and _is_worker(told)}


def _is_worker(process: Process) -> bool:
    return "spawn_main" in process.command and not process.state.startswith("Z")
