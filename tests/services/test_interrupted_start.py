"""Ctrl-C at any moment of a first start ends everything soon, and the next start goes on."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Self

import httpx
import pytest

from tests.programs import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PEOPLE = 500
FEW = 40
# Python tells of an interrupt amid what it compiles as if it had been killed by it.
ENDED = {0, -signal.SIGINT}
MOMENTS = ("Making the database", "Starting PostgreSQL", "Starting intake_api", "500 people")
# Loading all of them takes several times as long.
STOP_SECONDS = 20


@pytest.fixture
def data_dir() -> Iterator[Path]:
    # Reachable for the account that PostgreSQL runs as, which pytest's own folders are not.
    folder = Path(tempfile.mkdtemp(prefix="stepdown-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


class Start:
    """One start on a data directory, and what it has said so far."""

    def __init__(self, data_dir: Path, people: int) -> None:
        self.port = free_port()
        self._said = data_dir / "said"
        command = [sys.executable, "-m", "services.cli", "serve", "--open"]
        command += ["--port", str(self.port), "--data-dir", str(data_dir), "--people", str(people)]
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

    def count(self, resource_type: str) -> int:
        """Count resources; 0 as long as nobody answers."""
        url = f"http://127.0.0.1:{self.port}/fhir/{resource_type}"
        try:
            answer = httpx.get(url, params={"_total": "accurate", "_count": "1"}, trust_env=False)
        except httpx.TransportError:
            return 0
        return int(answer.json()["total"]) if answer.is_success else 0


@pytest.mark.parametrize("told", MOMENTS)
def test_ctrl_c_ends_a_start_at_once(data_dir: Path, told: str) -> None:
    with Start(data_dir, PEOPLE) as start:
        start.until(lambda: told in start.said)
        start.interrupt()
        assert start.said.rstrip().endswith("Stopping …")
        assert "Stepdown is up" not in start.said
        assert "fault" not in start.said
        assert "Traceback" not in start.said


def test_a_load_that_was_interrupted_is_taken_up_again(data_dir: Path) -> None:
    with Start(data_dir, FEW) as start:
        start.until(lambda: start.count("Patient") > 0)
        start.interrupt()
        assert "Stepdown is up" not in start.said
    # Whoever starts it again need not ask for the people once more.
    with Start(data_dir, 0) as again:
        again.until(lambda: "Stepdown is up" in again.said)
        assert f"The load of {FEW} synthetic people was interrupted" in again.said
        there = {name: again.count(name) for name in in_files(data_dir)}
        again.interrupt()
    assert there == in_files(data_dir)
    assert there["Patient"] == FEW
    with Start(data_dir, FEW) as later:
        later.until(lambda: "Stepdown is up" in later.said)
        assert "synthetic people" not in later.said
        later.interrupt()


def in_files(data_dir: Path) -> Counter[str]:
    """Count the resources that were made, by type."""
    bundles = [json.loads(path.read_bytes()) for path in (data_dir / "synthetic").glob("*.json")]
    return Counter(entry["resource"]["resourceType"] for each in bundles for entry in each["entry"])
