"""`stepdown generate`: write files of synthetic people."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.progress import track

from services import synthetic
from services.cli.console import Failure, console
from services.cli.loading.generated import FILES, TRUTH
from services.synthetic.episodes import episodes as episodes_of
from shared.fhir import writer

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject

_FIRST_YEAR: Final = 1900
DEFAULT_FOLDER = Path("var/synthetic")
DEFAULT_LAST_DAY = datetime.combine(synthetic.LAST_DAY, time(), UTC)


def generate(
    people: Annotated[int, typer.Option(min=1, help="How many people to invent.")] = 20,
    seed: Annotated[int, typer.Option(help="The same seed always gives the same people.")] = 1,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="The folder to write to; made if it is missing.")
    ] = DEFAULT_FOLDER,
    last_day: Annotated[
        datetime,
        typer.Option(
            formats=["%Y-%m-%d"],
            metavar="YYYY-MM-DD",
            show_default=str(synthetic.LAST_DAY),
            help="Everything that is told lies before this day.",
        ),
    ] = DEFAULT_LAST_DAY,
    episodes: Annotated[  # noqa: FBT002 - Typer makes a flag of it
        bool, typer.Option("--episodes", help="Add a finished programme to each, and the truth.")
    ] = False,
) -> None:
    """Invent people with a hospital history, as FHIR files to load.

    With --episodes each person also has a finished programme of up to twelve weeks and aftercare.
    The files to load are then in the folder fhir, and truth.ndjson beside it tells how each person
    really got on.

    Nobody is real: every family name begins with Synthetic-, every resource carries the label
    HTEST. One file holds the hospital, the clinics and who works there; then each person is a file.

    Example: `stepdown generate --people 50 --seed 7 --out var/synthetic`
    """
    if last_day.year < _FIRST_YEAR:
        raise Failure(f"--last-day must be in {_FIRST_YEAR} or later.")
    if episodes:
        write_episodes(people, seed, out, last_day.date())
    else:
        write(people, seed, out, last_day.date())
    folder = out / FILES if episodes else out
    if others := len(list(folder.glob("person-*.json"))) - people:
        console.print(f"The folder also holds {others:,} people of earlier runs.")
    console.print(f"Load them with: stepdown load {out}", soft_wrap=True)


def write(people: int, seed: int, out: Path, last_day: date = synthetic.LAST_DAY) -> None:
    """Write the files, showing how far it is."""
    out.mkdir(parents=True, exist_ok=True)
    made = synthetic.bundles(people, seed, last_day)
    resources = 0
    for number, bundle in enumerate(track(made, "Writing", total=people + 1, console=console)):
        resources += _write_bundle(out, number, bundle)
    console.print(f"{resources:,} resources of {people:,} people are in {out}.", soft_wrap=True)


def write_episodes(people: int, seed: int, out: Path, last_day: date) -> None:
    """Write the files of people with a programme into a folder of their own, and the truth."""
    folder, truths = out / FILES, out / TRUTH
    folder.mkdir(parents=True, exist_ok=True)
    made = track(episodes_of(people, seed, last_day), "Writing", people + 1, console=console)
    resources = 0
    with truths.open("wb") as lines:
        for number, (bundle, truth) in enumerate(made):
            resources += _write_bundle(folder, number, bundle)
            if truth is not None:
                lines.write(writer.write(truth) + b"\n")
    console.print(f"{resources:,} resources of {people:,} people are in {folder}.", soft_wrap=True)
    console.print(f"How each of them really got on is in {truths}.", soft_wrap=True)


def _write_bundle(folder: Path, number: int, bundle: JsonObject) -> int:
    name = f"person-{number:05}.json" if number else "places.json"
    (folder / name).write_bytes(writer.write(bundle) + b"\n")
    return len(bundle["entry"])
