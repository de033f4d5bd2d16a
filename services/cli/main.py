"""The `stepdown` command: each subcommand is a file of its own, registered here."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from services.cli import console
from services.cli.check import check
from services.cli.check_decision import check_decision
from services.cli.database import database
from services.cli.demo import demo
from services.cli.generate import generate
from services.cli.instrument import instrument
from services.cli.lint import lint
from services.cli.load import load
from services.cli.migrate import migrate
from services.cli.serve import serve
from services.cli.verify import verify

app = typer.Typer(
    name="stepdown",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    help="Stepdown: care coordination over FHIR R4, from an inpatient bed to aftercare.",
)
app.command()(serve)
app.command()(database)
app.command()(migrate)
app.command()(check)
app.command()(verify)
app.command()(lint)
app.command()(check_decision)
app.command()(load)
app.command()(generate)
app.command()(demo)
app.add_typer(instrument, name="instrument")


def _print_version(asked: bool) -> None:  # noqa: FBT001 - Typer calls it so
    if asked:
        console.console.print(f"stepdown {version('stepdown')}", highlight=False)
        raise typer.Exit


@app.callback()
def stepdown(
    _version: Annotated[  # noqa: FBT002 - an option of the command line
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Stepdown: care coordination over FHIR R4, from an inpatient bed to aftercare."""


def run() -> None:
    """Run the command line; every failure ends as one sentence and an exit code."""
    try:
        app()
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last line of defence
        console.end(error)
