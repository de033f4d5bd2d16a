"""Runs one ASGI program in this process, on a socket that is already bound.

A bound socket is handed over by its number: see `listening`.
"""

from __future__ import annotations

import signal
import socket
import sys
from typing import Annotated, Final

import typer
import uvicorn
from uvicorn.supervisors import Multiprocess

from services.cli.parent import end_with_parent

# Name of a program -> the factory that uvicorn imports, in each worker anew. By name only: the
# services are most of what a program loads, and the parent of several workers needs none.
_FACTORIES: Final = {
    "all": "services.cli.programs:all_in_one",
    "intake": "services.cli.programs:intake_alone",
    "plan": "services.cli.programs:plan_alone",
    "progress": "services.cli.programs:progress_alone",
    "front-door": "services.cli.programs:front_door_alone",
}
_GRACE_SECONDS: Final = 5
# A worker that parses a large body answers nobody for seconds, and must not be killed for it.
_BUSY_SECONDS: Final = 30
# Longer than clients and proxies keep a connection: what they send upon one that is being closed
# is lost. And a program that was held up closes what is over its time before it reads.
_KEEP_SECONDS: Final = 75


def serve_on(listening: socket.socket, program: str, workers: int) -> None:
    """Serve a program until it is told to stop; to have done so is a success."""
    for number in (signal.SIGINT, signal.SIGTERM):
        # The server raises again, at its end, what told it to stop.
        signal.signal(number, lambda *_: sys.exit(0))
    config = uvicorn.Config(
        _FACTORIES[program],
        factory=True,
        workers=workers,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        timeout_worker_healthcheck=_BUSY_SECONDS,
        h11_max_incomplete_event_size=16 * 1024,
        backlog=2048,
    )
    if workers == 1:
        uvicorn.Server(config).run(sockets=[listening])
    else:
        Multiprocess(config, sockets=[listening]).run()


def main(
    program: str,
    workers: Annotated[int, typer.Option()],
    socket_number: Annotated[int, typer.Option("--socket")],
) -> None:
    """Run as the child of `stepdown serve`."""
    end_with_parent()
    serve_on(socket.socket(fileno=socket_number), program, workers)


if __name__ == "__main__":
    typer.run(main)
