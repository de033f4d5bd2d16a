"""Ctrl-C at any moment of a first start ends everything soon, and says nothing untrue."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

PEOPLE = 500
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


@pytest.mark.parametrize("told", MOMENTS)
def test_ctrl_c_ends_a_start_at_once(data_dir: Path, told: str) -> None:
    command = [sys.executable, "-m", "services.cli", "serve", "--open", "--port", "0"]
    command += ["--data-dir", str(data_dir), "--people", str(PEOPLE)]
    said = data_dir / "said"
    with said.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
    try:
        while told not in said.read_text():
            assert process.poll() is None, said.read_text()
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.wait(STOP_SECONDS) in ENDED
    finally:
        process.kill()
        process.wait()
    assert said.read_text().rstrip().endswith("Stopping …")
    assert "Stepdown is up" not in said.read_text()
    assert "fault" not in said.read_text()
    assert "Traceback" not in said.read_text()
