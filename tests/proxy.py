"""Runs the proxy, nginx, with the configuration that the ownership table renders."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from services import proxy_configuration
from tests.programs import free_port

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import ExitStack
    from pathlib import Path

    from services.proxy_configuration import Upstream

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
ABSENT = "the program nginx is not installed"
TRIALS = 5


@dataclass
class Proxy:
    client: httpx.Client
    log: Path

    def request(
        self, path: str, method: str = "GET", *, content: bytes = b"", **headers: str
    ) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.request(method, path, content=content, headers=named)


def started(folder: Path, upstreams: Mapping[Upstream, str], stack: ExitStack) -> Proxy:
    """Start a proxy before programs at `host:port` each; the stack ends it."""
    log = folder / "log"
    for _ in range(TRIALS):
        listen = f"127.0.0.1:{free_port()}"
        text = proxy_configuration.render(upstreams, resolver=None, listen=listen)
        (folder / "nginx.conf").write_text(text)
        client = stack.enter_context(httpx.Client(base_url=f"http://{listen}", timeout=30))
        if _is_alive(_nginx(folder, log, stack), client):
            return Proxy(client, log)
    raise AssertionError(log.read_text())


def _nginx(folder: Path, log: Path, stack: ExitStack) -> subprocess.Popen[bytes]:
    # As root, its workers would change to an account that cannot enter this folder.
    directives = "daemon off;" + (" user root;" if os.geteuid() == 0 else "")
    command = [str(NGINX), "-p", str(folder), "-e", "stderr", "-c", "nginx.conf", "-g", directives]
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
    stack.callback(process.wait)
    stack.callback(process.terminate)
    return process


def _is_alive(process: subprocess.Popen[bytes], client: httpx.Client) -> bool:
    """Wait for the proxy; false when it ended, as it does when its port was taken."""
    while process.poll() is None:
        try:
            return client.get("/health/proxy").text == "alive\n"
        except httpx.TransportError:
            time.sleep(0.02)
    return False
