"""Runs the product's programs as a person would: real processes, free ports, one database."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator

    Told = dict[str, dict[str, str]]

SERVICES = ("intake", "plan", "progress")
START_SECONDS = 180
STOP_SECONDS = 15


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port


class Programs:
    """Running programs by name, with the FHIR bases at which they answer.

    `extra` copies of a service have names such as `plan-2` and a port of their own.
    """

    def __init__(
        self,
        database_url: str,
        ports: dict[str, int],
        *,
        workers: int = 1,
        told: Told | None = None,
    ) -> None:
        self.database_url = database_url
        self.ports = ports
        self.workers = workers
        # What a program is told otherwise than all the others, by its name.
        self.told = dict(told or {})
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.fhir = f"http://127.0.0.1:{ports['front-door']}/fhir"

    @classmethod
    @contextmanager
    def separate(
        cls, database_url: str, *, copies: int = 1, workers: int = 1, told: Told | None = None
    ) -> Iterator[Programs]:
        """Run each service (and its copies) and the front door as programs of their own."""
        names = [
            name if i == 1 else f"{name}-{i}" for name in SERVICES for i in range(1, copies + 1)
        ]
        ports = {name: free_port() for name in (*names, "front-door")}
        programs = cls(database_url, ports, workers=workers, told=told)
        with programs._running(*ports):
            yield programs

    @classmethod
    @contextmanager
    def all_in_one(
        cls, database_url: str, *, workers: int = 1, told: Told | None = None
    ) -> Iterator[Programs]:
        """Run everything as one program."""
        ports = {"front-door": free_port()}
        programs = cls(database_url, ports, workers=workers, told=told)
        with programs._running("front-door"):
            yield programs

    @property
    def is_all_in_one(self) -> bool:
        return "intake" not in self.ports

    @property
    def intake(self) -> str:
        return self.base("intake")

    @property
    def plan(self) -> str:
        return self.base("plan")

    @property
    def progress(self) -> str:
        return self.base("progress")

    def base(self, name: str) -> str:
        """The FHIR base of a service or one of its copies."""
        if self.is_all_in_one:
            return self.fhir.removesuffix("/fhir") + f"/{name}/fhir"
        return f"http://127.0.0.1:{self.ports[name]}/fhir"

    def settle(self) -> None:
        """Let everything happen that follows from what was written: the clock waits for it."""
        clock = f"{self.fhir}/$clock"
        told = httpx.post(clock, timeout=60, trust_env=False).raise_for_status().json()
        now = datetime.fromisoformat(told["parameter"][0]["valueInstant"])
        instant = (now + timedelta(seconds=5)).isoformat(timespec="milliseconds")
        parameter = [{"name": "instant", "valueInstant": instant}]
        body = {"resourceType": "Parameters", "parameter": parameter}
        httpx.post(clock, json=body, timeout=60, trust_env=False).raise_for_status()

    def environment(self) -> dict[str, str]:
        told = {
            "STEPDOWN_DATABASE_URL": self.database_url,
            "STEPDOWN_BASE_URL": self.fhir,
            "STEPDOWN_LOG_LEVEL": "warning",
            # Partners of tests are programs on this machine.
            "STEPDOWN_PARTNER_NETWORKS": "127.0.0.0/8",
            "PYTHONWARNINGS": "default",
        }
        told |= {f"STEPDOWN_{name.upper()}_URL": self.base(name) for name in SERVICES}
        return os.environ | told

    def start(self, name: str) -> None:
        """Start a program and wait until it is ready."""
        self.launch(name)
        self.wait_until_ready(name)

    def launch(self, name: str) -> None:
        program = "all" if self.is_all_in_one else name.partition("-2")[0]
        command = [sys.executable, "-m", "services.cli", "serve", program, "--open"]
        command += ["--port", str(self.ports[name]), "--workers", str(self.workers)]
        environment = self.environment() | self.told.get(name, {})
        self.processes[name] = subprocess.Popen(
            command, env=environment, start_new_session=True, stdout=subprocess.DEVNULL
        )

    def wait_until_ready(self, name: str) -> None:
        url = f"http://127.0.0.1:{self.ports[name]}/health/ready"
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.processes[name].poll() is not None:
                break
            try:
                if httpx.get(url, timeout=5, trust_env=False).is_success:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"{name} did not become ready")

    def kill(self, name: str) -> None:
        """End a program and its workers at once, as a crash would."""
        os.killpg(self.processes[name].pid, signal.SIGKILL)
        self.processes[name].wait()

    def stop(self, name: str) -> int:
        """Ask a program to stop; its exit code."""
        process = self.processes[name]
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill(name)
                raise
        return process.returncode

    @contextmanager
    def _running(self, *names: str) -> Iterator[None]:
        try:
            for name in names:
                self.launch(name)
            for name in names:
                self.wait_until_ready(name)
            yield
        finally:
            # All are told before any is waited for.
            for process in self.processes.values():
                process.terminate()
            for name in self.processes:
                self.stop(name)
