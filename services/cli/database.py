"""`stepdown database`: the embedded PostgreSQL alone."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from services.cli.console import Failure, error_console
from services.cli.interruption import hear_no_more, interrupt_at_sigterm
from shared.store.embedded import EmbeddedError, EmbeddedServer


def database(
    data_dir: Annotated[
        Path, typer.Option(help="Where the embedded PostgreSQL keeps its data.")
    ] = Path("var"),
) -> None:
    """Run the embedded PostgreSQL alone and print its URL, until Ctrl-C.

    Example: `STEPDOWN_DATABASE_URL=… stepdown serve plan --open`, with the URL that this prints.
    """
    interrupt_at_sigterm()
    server = None
    try:
        server = start_embedded(data_dir)
        # The URL alone on standard output, so that a script can read it.
        print(server.url, flush=True)  # noqa: T201
        error_console.print("PostgreSQL runs; Ctrl-C stops it.")
        signal.pause()
    except KeyboardInterrupt:
        error_console.print("Stopping …", style="dim")
    finally:
        hear_no_more()
        if server is not None:
            server.stop()


def start_embedded(data_dir: Path) -> EmbeddedServer:
    """Start the embedded server, telling of each step.

    :raises Failure: when it cannot be started.
    """

    def tell(line: str) -> None:
        # Not wrapped: a path must come out in one piece.
        error_console.print(Text(line, style="dim"), soft_wrap=True)

    try:
        return EmbeddedServer.start(data_dir, tell)
    except EmbeddedError as error:
        raise Failure(str(error)) from error
