"""Ctrl-C at any moment of a first start ends everything soon, and the next start goes on."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Self

import httpx
import pytest

from tests.programs import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Python tells of an interrupt amid what it compiles as if it had been killed by it.
ENDED = {0, -signal.SIGINT}
MOMENTS = ("Making the database", "Starting PostgreSQL", "Starting intake_api", "1. Notice")
# Far more than a stop takes: machines that run tests are busy.
STOP_SECONDS = 90


@pytest.fixture
def data_dir() -> Iterator[Path]:
    # Reachable for the account that PostgreSQL runs as, which pytest's own folders are not.
    folder = Path(tempfile.mkdtemp(prefix="stepdown-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


class Start:
    """One start on a data directory, and what it has said so far."""

    def __init__(self, data_dir: Path) -> None:
        self.port = free_port()
        self._said = data_dir / "said"
        command = [sys.executable, "-m", "services.cli", "serve", "--open"]
        command += ["--port", str(self.port), "--data-dir", str(data_dir), "--demo"]
        with self._said.open("wb") as output:
            self.process = subprocess.Popen(
                command, stdout=output, stderr=output, start_new_session=True
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    @property
    def said(self) -> str:
        return self._said.read_text()

    def until(self, reached: Callable[[], bool]) -> None:
        while not reached():
            assert self.process.poll() is None, self.said
            time.sleep(0.02)

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(STOP_SECONDS) in ENDED

    def time(self) -> datetime:
        """Ask what time it is in the record."""
        url = f"http://127.0.0.1:{self.port}/fhir/$clock"
        told = httpx.post(url, trust_env=False).raise_for_status().json()
        return datetime.fromisoformat(told["parameter"][0]["valueInstant"])


@pytest.mark.parametrize("told", MOMENTS)
def test_ctrl_c_ends_a_start_at_once(data_dir: Path, told: str) -> None:
    with Start(data_dir) as start:
        start.until(lambda: told in start.said)
        start.interrupt()
        _, stops, after = start.said.partition("Stopping …\n")
        assert stops
        # A request that is cut off on its way is told of in the log, and nothing else is.
        assert all("event=request method=" in line for line in after.splitlines()), after
        assert "Stepdown is up" not in start.said
        assert "fault" not in start.said
        assert "Traceback" not in start.said


def test_a_story_that_was_interrupted_ends_at_the_real_time(data_dir: Path) -> None:
    with Start(data_dir) as start:
        start.until(lambda: "2. Assessment" in start.said)
        assert start.time() < datetime.now(UTC) - timedelta(weeks=11)
        start.interrupt()
        assert "Stepdown is up" not in start.said
    with Start(data_dir) as again:
        again.until(lambda: "Stepdown is up" in again.said)
        assert "The first story was interrupted" in again.said
        assert abs(again.time() - datetime.now(UTC)) < timedelta(minutes=1)
        again.interrupt()
    with Start(data_dir) as later:
        later.until(lambda: "Stepdown is up" in later.said)
        assert "story" not in later.said
        later.interrupt()
