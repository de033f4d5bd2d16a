"""The all-in-one run: PostgreSQL, the three services and the front door, from one command.

The programs run in a child process of their own, so that this one can show progress, play the demo
and stop everything in order: first the programs, then the database.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

import httpx
from rich.panel import Panel
from rich.text import Text

from services.cli.clock import start_clock
from services.cli.console import Failure, console
from services.cli.database import start_embedded
from services.cli.first_play import FirstPlay
from services.cli.interruption import hear_no_more, interrupt_at_sigterm
from services.cli.migrate import prepare_now

if TYPE_CHECKING:
    import socket
    from datetime import datetime
    from pathlib import Path

    from shared.store.embedded import EmbeddedServer

_START_SECONDS: Final = 60
_STOP_SECONDS: Final = 8


class AllInOne:
    """One run of everything, on a socket that is bound already."""

    def __init__(
        self, listening: socket.socket, address: str, data_dir: Path, workers: int
    ) -> None:
        self._listening = listening
        self._address = address
        self._data_dir = data_dir
        self._workers = workers

    def run(self, *, clock: datetime | None, demo: bool) -> None:
        """Start everything, say what is where, and stay until Ctrl-C.

        :raises Failure: when something does not start, or ends by itself.
        """
        interrupt_at_sigterm()
        with ExitStack() as at_the_end:
            try:
                server = self._database(at_the_end)
                self._prepare(clock)
                story = FirstPlay(self._data_dir)
                if server is not None:
                    story.prepare(server.url, asked=demo, clock=clock)
                programs = self._start_programs(at_the_end)
                self._wait_until_ready(programs)
                if server is not None:
                    story.run(f"{self._address}/fhir")
                self._tell_what_is_where()
                programs.wait()
                raise Failure("The services ended by themselves; the lines above say why.")
            except KeyboardInterrupt:
                console.print("Stopping …", style="dim")
            finally:
                hear_no_more()

    def _database(self, at_the_end: ExitStack) -> EmbeddedServer | None:
        if os.environ.get("STEPDOWN_DATABASE_URL"):
            return None
        server = start_embedded(self._data_dir)
        at_the_end.callback(server.stop)
        os.environ["STEPDOWN_DATABASE_URL"] = server.url
        os.environ["STEPDOWN_DATA_DIR"] = str(self._data_dir)
        return server

    def _prepare(self, clock: datetime | None) -> None:
        console.print("Bringing the record to this release's schema …", style="dim")
        prepare_now(os.environ["STEPDOWN_DATABASE_URL"])
        if clock is not None:
            start_clock(os.environ["STEPDOWN_DATABASE_URL"], clock)
        os.environ.setdefault("STEPDOWN_BASE_URL", f"{self._address}/fhir")
        for service in ("intake", "plan", "progress"):
            name = f"STEPDOWN_{service.upper()}_URL"
            os.environ.setdefault(name, f"{self._address}/{service}/fhir")

    def _start_programs(self, at_the_end: ExitStack) -> subprocess.Popen[bytes]:
        console.print(
            "Starting intake_api, plan_api, progress_api and the front door …", style="dim"
        )
        # The terminal is for people: requests that succeed are not told there.
        os.environ.setdefault("STEPDOWN_LOG_LEVEL", "warning")
        number = self._listening.fileno()
        command = [sys.executable, "-m", "services.cli.serving", "all"]
        command += ["--workers", str(self._workers), "--socket", str(number)]
        # A session of its own: Ctrl-C in the terminal reaches this process only.
        programs = subprocess.Popen(command, pass_fds=[number], start_new_session=True)
        at_the_end.callback(_stop, programs)
        return programs

    def _wait_until_ready(self, programs: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while True:
            if programs.poll() is not None:
                raise Failure("The services did not start; the lines above say why.")
            if time.monotonic() > deadline:
                raise Failure(f"The services were not ready within {_START_SECONDS} s.")
            try:
                url = f"{self._address}/health/ready"
                if httpx.get(url, timeout=5, trust_env=False).is_success:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.1)

    def _tell_what_is_where(self) -> None:
        lines = [
            ("FHIR base", f"{self._address}/fhir"),
            ("intake_api", f"{self._address}/intake/fhir"),
            ("plan_api", f"{self._address}/plan/fhir"),
            ("progress_api", f"{self._address}/progress/fhir"),
            ("API docs", f"{self._address}/docs"),
            ("try", f"curl '{self._address}/fhir/Patient?_count=1'"),
            ("stop", "Ctrl-C"),
        ]
        text = Text("\n").join(Text.assemble((f"{name:<14}", "bold"), url) for name, url in lines)
        console.print(Panel(text, title="Stepdown is up", expand=False))


def _stop(programs: subprocess.Popen[bytes]) -> None:
    programs.terminate()
    try:
        programs.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(programs.pid, signal.SIGKILL)
        programs.wait()
