"""Starting and stopping the PostgreSQL server of a place, and clearing up after one that died."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from shared.store.embedded.binaries import ENVIRONMENT
from shared.store.embedded.cluster import server_command
from shared.store.embedded.place import open_log
from shared.store.embedded.processes import orphans, postmaster
from shared.store.embedded.socket_folder import SOCKET_NAME, socket_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.store.embedded.place import Place

ORPHAN_SECONDS = 5.0
STOP_SIGNALS = ((signal.SIGINT, 8.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0))


def start_postmaster(place: Place) -> subprocess.Popen[bytes]:
    """Start PostgreSQL as its account, with nothing of this process but the log."""
    with open_log(place) as log:
        return subprocess.Popen(
            server_command(place),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=ENVIRONMENT,
            **place.account.credentials,
        )


def stop_postmaster(place: Place, child: subprocess.Popen[bytes] | None = None) -> None:
    """Shut the server down, fast; where that takes long, at once, to be recovered at a start."""

    def living() -> int | None:
        # A child that has only just started has not written its process file yet.
        if child is not None and child.poll() is None:
            return child.pid
        return postmaster(place)

    for number, seconds in STOP_SIGNALS:
        process = living()
        if process is None:
            return
        with suppress(ProcessLookupError):
            os.kill(process, number)
        if _comes_true(lambda: living() is None, seconds):
            return


def end_orphans(place: Place) -> None:
    """End what outlived a killed postmaster, as the postmaster would have after a crash."""
    for number in (signal.SIGQUIT, signal.SIGKILL):
        for process in orphans(place):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process, number)
        if _comes_true(lambda: not orphans(place), ORPHAN_SECONDS):
            return


def remove_stale_files(place: Place) -> None:
    """Remove the lock files of a dead postmaster, whose number may be another process's by now."""
    # PostgreSQL itself would take any living process of that number for the postmaster.
    if postmaster(place) is None and not orphans(place):
        (place.cluster / "postmaster.pid").unlink(missing_ok=True)
        (socket_folder(place) / f"{SOCKET_NAME}.lock").unlink(missing_ok=True)


def _comes_true(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False
