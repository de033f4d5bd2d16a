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
from tests.store.embedded_fixtures import place_of

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    """A PostgreSQL that no other test uses."""
    folder = Path(tempfile.mkdtemp(prefix="stepdown-test-"))
    folder.chmod(0o755)
    server = EmbeddedServer.start(folder, lambda _: None)
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


def kill_postmaster(server: EmbeddedServer) -> None:
    """End PostgreSQL as a crash would; its keeper starts it again."""
    process = postmaster(place_of(server))
    assert process is not None
    os.kill(process, signal.SIGKILL)
