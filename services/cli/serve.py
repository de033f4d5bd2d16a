"""`stepdown serve`: all three services behind the front door, or one program alone."""

from __future__ import annotations

import os
from datetime import datetime  # noqa: TC003 - Typer reads the annotations at run time
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from services.cli.all_in_one import AllInOne
from services.cli.console import Failure
from services.cli.environment import check_environment
from services.cli.listening import bound
from services.cli.migrate import prepare_now
from services.cli.serving import serve_on
from shared.server.settings import Addresses

if TYPE_CHECKING:
    import socket


class Program(StrEnum):
    """What can be served."""

    ALL = "all"
    INTAKE = "intake"
    PLAN = "plan"
    PROGRESS = "progress"
    FRONT_DOOR = "front-door"


def serve(  # noqa: PLR0913, PLR0917 - each argument is an option of the command
    program: Annotated[
        Program, typer.Argument(help="One program alone, or everything in one.")
    ] = Program.ALL,
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(help="The port; 0 takes a free one.", min=0, max=65535)
    ] = 8000,
    data_dir: Annotated[
        Path, typer.Option(help="Where the embedded PostgreSQL keeps its data.")
    ] = Path("var"),
    workers: Annotated[int, typer.Option(help="Processes that answer.", min=1, max=64)] = 1,
    open_: Annotated[  # noqa: FBT002
        bool, typer.Option("--open", help="Serve without authentication, on loopback only.")
    ] = False,
    clock: Annotated[
        datetime | None,
        typer.Option(
            help="Start the record's clock at this instant, such as 2026-03-01T09:00:00-05:00.",
            formats=["%Y-%m-%dT%H:%M:%S%z"],
        ),
    ] = None,
    demo: Annotated[  # noqa: FBT002
        bool, typer.Option("--demo", help="Play the demo first, on a new embedded record.")
    ] = False,
) -> None:
    """Serve FHIR: all three services behind the front door, on a PostgreSQL of their own.

    With a program's name only that program runs, as in a container; it needs
    STEPDOWN_DATABASE_URL and never starts a database.

    Example: `stepdown serve --open`
    """
    _refuse_unsafe(host, open_=open_)
    check_environment()
    os.environ["STEPDOWN_OPEN"] = "true"
    with _listen(host, port) as listening:
        address = f"http://{_in_url(host)}:{listening.getsockname()[1]}"
        if program is Program.ALL:
            AllInOne(listening, address, data_dir, workers).run(clock=clock, demo=demo)
        else:
            _serve_alone(program, listening, workers)


def _refuse_unsafe(host: str, *, open_: bool) -> None:
    if not open_:
        raise Failure(
            "Authentication is not built yet: serve with --open, on loopback, or do not serve."
        )
    if not _is_loopback(host) and os.environ.get("STEPDOWN_PRIVATE_NETWORK") != "1":
        raise Failure(
            f"--open is refused at {host}: without authentication everybody who reaches it could "
            "read the record. Listen at 127.0.0.1, or set STEPDOWN_PRIVATE_NETWORK=1 on a network "
            "that only your proxy reaches."
        )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _listen(host: str, port: int) -> socket.socket:
    try:
        return bound(host, port)
    except OSError as error:
        raise Failure(f"Cannot listen at {host}:{port}: {error.strerror}.") from error


def _serve_alone(program: Program, listening: socket.socket, workers: int) -> None:
    if program is not Program.FRONT_DOOR:
        url = os.environ.get("STEPDOWN_DATABASE_URL")
        if not url:
            raise Failure(
                f"`stepdown serve {program}` needs STEPDOWN_DATABASE_URL; `stepdown database` "
                "starts a server and prints its URL, and `stepdown serve` does everything in one."
            )
        prepare_now(url)
    else:
        _refuse_to_ask_itself(listening.getsockname()[1])
    serve_on(listening, program, workers)


def _refuse_to_ask_itself(port: int) -> None:
    # The defaults are those of everything in one: a front door alone would go round in a circle.
    for service, url in Addresses().service_urls.items():
        at = urlsplit(url)
        if _is_loopback(at.hostname or "") and at.netloc.endswith(f":{port}"):
            raise Failure(
                f"The front door would ask itself for what {service}_api serves: "
                f"set STEPDOWN_{service.upper()}_URL to the FHIR base of {service}_api."
            )
