"""`stepdown lint`: finds content defects in resources that may be valid."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer
from rich.text import Text

from services.cli.console import FAILED, console, error_console
from services.cli.linting.resources import of_file
from services.cli.linting.server import of_server
from services.cli.loading import files
from shared.care.lint import Given, defects

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from services.cli.linting.resources import Found


class Finding(NamedTuple):
    """A defect as it is told: where it stands, and which rule it breaks for what reason."""

    file: str
    resource: str
    location: str
    rule: str
    reason: str


def lint(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH|URL…", help="Files or folders, or the address of a FHIR server."
        ),
    ],
    as_json: Annotated[  # noqa: FBT002 - an option of the command line
        bool, typer.Option("--json", help="Print the findings as a JSON array.")
    ] = False,
) -> None:
    """Find wrong totals, missing safety items, misused codes and contradictions in resources.

    Takes JSON and NDJSON, Bundles, a server's base (all that can be searched) or any address below
    it. Exits with 1 when it finds a defect.

    Example: `stepdown lint exports/ http://127.0.0.1:8000/fhir/Observation?code=44261-6`
    """
    given, looked_at = Given(), 0
    for found in _found(sources):
        given.keep(found.resource, contained=found.is_contained)
        looked_at += 1
    findings = list(_findings(_found(sources), given))
    if as_json:
        told = json.dumps([each._asdict() for each in findings], indent=2, ensure_ascii=False)
        typer.echo(told)
    else:
        for each in findings:
            where = f"{each.file}: {each.resource} at {each.location}"
            console.print(Text(where, style="bold"), soft_wrap=True)
            console.print(Text(f"  {each.reason} [{each.rule}]"), soft_wrap=True)
    what = "defect" if len(findings) == 1 else "defects"
    error_console.print(f"{len(findings):,} {what} in {looked_at:,} resources.")
    if findings:
        raise typer.Exit(FAILED)


def _found(sources: Iterable[str]) -> Iterator[Found]:
    for source in sources:
        if source.startswith(("http://", "https://")):
            yield from of_server(source)
        else:
            for path in files.find([Path(source)]):
                yield from of_file(path)


def _findings(resources: Iterable[Found], given: Given) -> Iterator[Finding]:
    for origin, place, resource, scopes in resources:
        name = str(resource["resourceType"])
        named = f"{name}/{resource['id']}" if "id" in resource else name

        def at(location: str, name: str = name, place: str = place) -> str:
            return f"{place}{location.removeprefix(name)}" if place else location

        try:
            for rule, defect in defects(resource, given.inside(scopes)):
                yield Finding(origin, named, at(defect.location), rule.id, defect.reason)
        except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError):
            told = f"It is not built as a {name} is; `$validate` tells where."
            yield Finding(origin, named, at(name), "not-readable", told)
