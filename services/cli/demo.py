"""`stepdown demo`: plays a person's whole way on a running server, in a minute or two."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from services.cli.console import console
from services.cli.load import DEFAULT_SERVER
from services.cli.story.play import play


def demo(
    to: Annotated[
        str, typer.Option("--to", metavar="URL", help="The FHIR base of the server to play on.")
    ] = DEFAULT_SERVER,
) -> None:
    """Play one person's way from a hospital's notice to aftercare, over twelve weeks.

    Each step is told, with the calls and with links to what they made. The server's clock is moved
    forward, so it must run with `--open`; a record that holds anybody not marked as synthetic is
    left alone.

    Example: `stepdown serve --open --clock 2026-03-02T09:00:00-05:00`, and then `stepdown demo`
    """
    asyncio.run(play(to, console))
