"""`stepdown database`: PostgreSQL alone, for programs that are started apart."""

from __future__ import annotations

import asyncio
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STOP_SECONDS = 30


@pytest.fixture
def data_dir() -> Iterator[Path]:
    # Reachable for the account that PostgreSQL runs as, which pytest's own folders are not.
    folder = Path(tempfile.mkdtemp(prefix="stepdown-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


async def _answers(url: str) -> bool:
    try:
        connection = await asyncpg.connect(url)
    except OSError:
        return False
    one = await connection.fetchval("SELECT 1")
    await connection.close()
    return bool(one == 1)


def _ignore_sigint() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("begin", [None, _ignore_sigint], ids=["by a person", "by a script"])
def test_it_prints_a_url_that_answers_until_it_is_asked_to_stop(
    data_dir: Path, asked: signal.Signals, begin: Callable[[], None] | None
) -> None:
    command = [sys.executable, "-m", "services.cli", "database", "--data-dir", str(data_dir)]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=begin,  # noqa: PLW1509 - as a shell does it; no thread runs here yet
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert asyncio.run(_answers(url))
        process.send_signal(asked)
        assert process.wait(STOP_SECONDS) == 0
    finally:
        process.kill()
        process.communicate()
    # By now it has stopped, and was not only told to.
    assert not asyncio.run(_answers(url))
