"""What the tests of the embedded PostgreSQL share: data directories, parents, connections."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import asyncpg
import pytest

import shared
from shared.store.embedded import EmbeddedServer
from shared.store.embedded.home import ELSEWHERE
from shared.store.embedded.place import Account, Place, short_hash

ROOT = Path(shared.__file__).parents[1]
IS_ROOT = os.geteuid() == 0
KEEP = "CREATE TABLE kept AS SELECT 42 AS answer"
KEPT = "SELECT answer FROM kept"
only_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")
only_root = pytest.mark.skipif(not IS_ROOT, reason="only root can run programs as others")

PARENT = """
import resource, signal, sys
from pathlib import Path
from shared.store.embedded import EmbeddedError, EmbeddedServer
# Whoever runs the tests in the background may have it ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
try:
    server = EmbeddedServer.start(Path(sys.argv[1]), lambda line: None)
except EmbeddedError as error:
    sys.exit(f"refused: {error}")
print(server.reused, server.url, flush=True)
sys.stdin.read()
server.stop()
"""


Start = Callable[..., EmbeddedServer]
Parents = Callable[..., "subprocess.Popen[str]"]


def nothing(_: str) -> None:
    """Take a line of progress and show it to nobody."""


@contextmanager
def reachable_folder() -> Iterator[Path]:
    """Make a folder that the server's account can pass through, which pytest's own is not."""
    folder = Path(tempfile.mkdtemp(prefix="embedded-", dir="/tmp")).resolve()
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def one_server() -> Iterator[EmbeddedServer]:
    """One server for the tests that change nothing."""
    with reachable_folder() as folder:
        server = EmbeddedServer.start(folder / "var", nothing)
        yield server
        server.stop()


@pytest.fixture
def folder() -> Iterator[Path]:
    with reachable_folder() as folder:
        yield folder


@pytest.fixture
def data_dir(folder: Path) -> Iterator[Path]:
    data_dir = folder / "var"
    yield data_dir
    if IS_ROOT:
        shutil.rmtree(ELSEWHERE / short_hash(data_dir), ignore_errors=True)
        with suppress(OSError):
            ELSEWHERE.rmdir()


@pytest.fixture
def start(data_dir: Path) -> Iterator[Start]:
    """Start servers that end with the test."""
    servers: list[EmbeddedServer] = []

    def start(at: Path = data_dir, report: Callable[[str], None] = nothing) -> EmbeddedServer:
        servers.append(EmbeddedServer.start(at, report))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def parents(data_dir: Path) -> Iterator[Parents]:
    """Start processes that start a server; they end with the test, before its folder does."""
    running: list[subprocess.Popen[str]] = []

    def parent(
        data_dir: Path = data_dir,
        account: Account | None = None,
        python: str = sys.executable,
        *,
        file_bytes_max: int = -1,
    ) -> subprocess.Popen[str]:
        path = os.pathsep.join((str(ROOT), *(entry for entry in sys.path if entry)))
        process = subprocess.Popen(
            [python, "-c", PARENT, str(data_dir), str(file_bytes_max)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
            env={"PATH": os.defpath, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
            start_new_session=True,
            **(account.credentials if account else {}),
        )
        running.append(process)
        return process

    yield parent
    for process in running:
        process.communicate()


def place_of(server: EmbeddedServer) -> Place:
    return server._place  # noqa: SLF001 - where it lives is promised by the documents only


def first_line(parent: subprocess.Popen[str]) -> tuple[bool, str]:
    """Wait for a parent's server; tell whether it joined one, and its URL."""
    line = parent.stdout.readline() if parent.stdout else ""
    reused, _, url = line.strip().partition(" ")
    assert url, "the parent started no server"
    return reused == "True", url


def comes_true(condition: Callable[[], bool], seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def fetch(url: str, query: str) -> object:
    """Ask for one value, waiting for a server that is being started again."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(ask(url, query))
    finally:
        loop.close()


async def ask(url: str, query: str) -> object:
    deadline = time.monotonic() + 30
    while True:
        try:
            connection = await asyncpg.connect(url)
            try:
                return await connection.fetchval(query)
            finally:
                await connection.close()
        except (OSError, asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError):
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(0.05)


async def until_active(url: str, process: int) -> None:
    """Wait until a process of the server is at work on a statement."""
    query = f"SELECT state FROM pg_stat_activity WHERE pid = {process}"
    while await ask(url, query) != "active":  # noqa: ASYNC110 - it happens in another program
        await asyncio.sleep(0.05)


def python_for(account: Account) -> str:
    """Find an interpreter that the account can run and that finds this program."""
    test = "import sys, shared.store.embedded; assert sys.version_info >= (3, 11)"
    path = os.pathsep.join((str(ROOT), *(entry for entry in sys.path if entry)))
    for python in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        with suppress(OSError):
            answer = subprocess.run(
                [python, "-c", test],
                capture_output=True,
                check=False,
                cwd="/",
                env={"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
                **account.credentials,
            )
            if answer.returncode == 0:
                return python
    pytest.skip("no interpreter that another account could run")
