"""`stepdown load`: send files of FHIR resources to a server."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path  # noqa: TC003 - Typer reads the annotations at run time
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn
from rich.table import Table
from rich.text import Text

from services.cli.console import FAILED, Failure, console, error_console
from services.cli.loading import contents, files, order
from services.cli.loading.loader import Loader
from shared.client import FhirClient

if TYPE_CHECKING:
    from rich.progress import Task

    from services.cli.loading.tally import Tally

DEFAULT_SERVER = "http://127.0.0.1:8000/fhir"
# A transaction of thousands of entries may take its time.
TIMEOUT_SECONDS = 600.0


def load(
    paths: Annotated[
        list[Path],
        typer.Argument(help="Files (.json, .ndjson, also .gz or .bz2), or folders of them."),
    ],
    to: Annotated[
        str, typer.Option("--to", metavar="URL", help="The FHIR base of the server to load into.")
    ] = DEFAULT_SERVER,
    parallel: Annotated[
        int, typer.Option(min=1, max=64, help="How many files are sent at the same time.")
    ] = 4,
) -> None:
    """Load FHIR Bundles and NDJSON files into a running server.

    Files that others refer to are sent first. A transaction or batch is sent as it stands; the
    resources of any other Bundle, and the lines of NDJSON, keep their ids. At the end a table
    tells what was stored, by type; if anything was refused, the reasons follow and the exit code
    is 1.

    Example: `stepdown load var/synthetic --to http://127.0.0.1:8000/fhir`
    """
    if not is_address(to):
        raise Failure(f"{to} is not a server's address, such as {DEFAULT_SERVER}.")
    arranged = _arranged(paths)
    tally = asyncio.run(_send(arranged, to, parallel))
    if not tally.total:
        console.print("The files hold no resource.")
    if tally.refused:
        raise typer.Exit(FAILED)


def is_address(url: str) -> bool:
    """Tell whether a text may be the address of a server."""
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # the port is none
        return False


def _arranged(paths: list[Path]) -> order.Order:
    with console.status("Looking for the order in which the files refer to each other"):
        arranged = order.arrange(contents.scan(path) for path in files.find(paths))
    if arranged.out_of_order:
        names = ", ".join(path.name for path in arranged.out_of_order[:5])
        sentence = f"Some files refer to each other in a circle; taken by name: {names}."
        error_console.print(Text(sentence, style="yellow"), soft_wrap=True)
    return arranged


async def _send(arranged: order.Order, to: str, parallel: int) -> Tally:
    total = sum(file.resources for layer in arranged.layers for file in layer)
    begun = time.monotonic()
    async with FhirClient(to, timeout=TIMEOUT_SECONDS) as client:
        with _progress() as progress:
            bar = progress.add_task("Loading", total=total)
            loader = Loader(client, lambda number: progress.advance(bar, number))
            try:
                await loader.load(arranged, parallel=parallel)
            finally:
                progress.stop()
                _report(loader.tally, time.monotonic() - begun)
    return loader.tally


def _report(tally: Tally, seconds: float) -> None:
    if not tally.total:
        return
    table = Table("type", title="What was stored")
    for column in ("created", "already there", "refused"):
        table.add_column(column, justify="right")
    for name, *numbers in tally.rows():
        table.add_row(Text(name), *(f"{number:,}" if number else "-" for number in numbers))
    console.print(table)
    rate = tally.total / seconds if seconds else 0.0
    what = "resource" if tally.total == 1 else "resources"
    console.print(f"{tally.total:,} {what} in {seconds:,.1f} s: {rate:,.0f} a second.")
    for reason in tally.reasons:
        error_console.print(Text(reason, style="red"), soft_wrap=True)
    if tally.reasons_left_out:
        error_console.print(f"… and {tally.reasons_left_out:,} more reasons.")


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        # Files are settled in leaps, so the mean says more than the speed of the last moment.
        rate = task.completed / task.elapsed if task.elapsed else 0.0
        return Text(f"{rate:,.0f} resources/s")


def _progress() -> Progress:
    description = TextColumn("{task.description}")
    return Progress(description, BarColumn(), MofNCompleteColumn(), _Rate(), console=console)
