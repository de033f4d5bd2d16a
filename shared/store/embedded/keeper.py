"""The process that keeps an embedded PostgreSQL running while somebody uses it.

It runs in a session of its own, so that Ctrl-C in a terminal reaches neither it nor the server.
It ends with the last user: each holds a shared lock, which the kernel releases even of one that
was killed.
"""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from shared.store.embedded.locks import Lock
from shared.store.embedded.place import Account, Place
from shared.store.embedded.postmaster import (
    end_orphans,
    remove_stale_files,
    start_postmaster,
    stop_postmaster,
)
from shared.store.embedded.processes import got_ready, postmaster
from shared.store.embedded.socket_folder import remove_socket_folder

if TYPE_CHECKING:
    import subprocess

TICK_SECONDS = 0.1
# A server that another keeper started is looked for by its command line, which costs more.
TICK_SECONDS_OF_FOUND = 1.0
PAUSE_SECONDS_MAX = 5.0


class Keeper:
    """Starts the server, starts it again when it dies, and stops it in the end."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._child: subprocess.Popen[bytes] | None = None
        # A server found running has been up before, and so will be one that was ready once.
        self._was_up = postmaster(place) is not None
        self._pause_seconds = 0.0
        self._asked_to_stop = False

    def run(self) -> int:
        """Keep the server until nobody uses it; return the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask_to_stop)
        use = Lock(self._place.use_lock)
        failed = False
        while not (failed or self._asked_to_stop or use.try_alone()):
            failed = not self._lives() and not self._start()
            time.sleep(TICK_SECONDS if self._child else TICK_SECONDS_OF_FOUND)
        stop_postmaster(self._place, self._child)
        remove_socket_folder(self._place)
        return int(failed)

    def _ask_to_stop(self, *_: object) -> None:
        self._asked_to_stop = True

    def _lives(self) -> bool:
        if self._child is None:
            return postmaster(self._place) is not None
        ended = self._child.poll() is not None
        if got_ready(self._place, self._child.pid):
            self._was_up, self._pause_seconds = True, 0.0
        return not ended

    def _start(self) -> bool:
        """Start the server, unless it never got up: then whoever asked for it must hear of it."""
        if self._child is not None and not self._was_up:
            return False
        time.sleep(self._pause_seconds)
        self._pause_seconds = min(2 * self._pause_seconds + TICK_SECONDS, PAUSE_SECONDS_MAX)
        end_orphans(self._place)
        remove_stale_files(self._place)
        try:
            self._child = start_postmaster(self._place)
        except OSError:
            # Memory or processes may be short for a moment; those who use the server wait for it.
            if not self._was_up:
                raise
        return True


def main(home: str, binaries: str, uid: str, gid: str) -> int:
    """Keep the server of the place that the arguments describe."""
    place = Place(Path(home), Path(binaries), Account(int(uid), int(gid)))
    with Lock(place.keeper_lock).alone():
        return Keeper(place).run()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
