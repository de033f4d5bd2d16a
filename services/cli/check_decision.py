"""`stepdown check-decision`: checks the proof in a level of care, with code of its own."""

from __future__ import annotations

import base64
import json
from importlib.resources import files
from pathlib import Path  # noqa: TC003 - Typer looks at it
from typing import Annotated, Any

import typer

from services.cli.console import FAILED, Failure, console
from services.cli.decision_checker.proof import faults

Json = dict[str, Any]


def check_decision(
    file: Annotated[
        Path, typer.Argument(help="A GuidanceResponse, or a Bundle that holds some, as JSON.")
    ],
    criteria_set: Annotated[
        Path | None,
        typer.Option(help="The published set: its Library. Left out, those of this release."),
    ] = None,
) -> None:
    """Check that a level of care follows from its trace, and that nobody changed it.

    The outcome, the rule, what is missing and every hash are computed again by a checker that
    shares no code with what decided. Whether the evidence says what it is cited for, only the
    record can tell: read the versions that the trace names. Exits with 1 when anything is wrong.

    Example: `stepdown check-decision decision.json`
    """
    known = [_of_library(_read(criteria_set))] if criteria_set else _published()
    sets = {f"{each['url']}|{each['version']}": each for each in known}
    decisions = [each for each in _resources(_read(file)) if _is_decision(each)]
    if not decisions:
        raise Failure(f"{file} holds no GuidanceResponse.")
    found = [fault for each in decisions for fault in _told(each, sets)]
    if found:
        raise typer.Exit(FAILED)


def _told(decision: Json, sets: dict[str, Json]) -> list[str]:
    named = decision.get("moduleCanonical")
    if named not in sets:
        found = [f"Its criteria set is not known here; known are {', '.join(sets)}."]
    else:
        found = faults(decision, sets[named])
    name = f"GuidanceResponse/{decision.get('id')}"
    verdict = "is proven" if not found else "is not proven:"
    console.print(f"{name} {verdict}", soft_wrap=True, markup=False, highlight=False)
    for each in found:
        console.print(f"  {each}", soft_wrap=True, markup=False, highlight=False)
    return found


def _read(path: Path) -> Any:  # noqa: ANN401 - any JSON
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        raise Failure(f"{path} is no JSON.") from None


def _resources(told: Any) -> list[Any]:  # noqa: ANN401
    if isinstance(told, dict) and told.get("resourceType") == "Bundle":
        return [each.get("resource") for each in told.get("entry", ())]
    return [told]


def _is_decision(told: Any) -> bool:  # noqa: ANN401
    return isinstance(told, dict) and told.get("resourceType") == "GuidanceResponse"


def _of_library(library: Json) -> Json:
    try:
        content: Json = json.loads(base64.b64decode(library["content"][0]["data"]))
        return {"url": content["url"], "version": content["version"], **content}
    except (KeyError, TypeError, ValueError, IndexError):
        raise Failure("The criteria set is no Library with a set in its content.") from None


def _published() -> list[Json]:
    folder = files("services.intake_api.domain.level_of_care")
    names = [each for each in folder.iterdir() if each.name.endswith(".json")]
    return [json.loads(each.read_bytes()) for each in sorted(names, key=lambda each: each.name)]
