"""`stepdown instrument`: what a server knows of instruments, and a user's own wording of one."""

from __future__ import annotations

import asyncio
from pathlib import Path  # noqa: TC003 - Typer reads the annotations at run time
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

import typer
from rich.table import Table
from rich.text import Text

from services.cli.console import Failure, console
from services.cli.load import DEFAULT_SERVER, is_address
from shared.care.instruments.own_copy import (
    UNWORDED,
    instrument_meant,
    licence_held,
    misfits,
    own_copy,
)
from shared.care.instruments.registry import INSTRUMENTS
from shared.client import FhirClient
from shared.fhir.errors import Malformed
from shared.fhir.reader import read
from shared.fhir.validation import validate
from shared.fhir.writer import write

if TYPE_CHECKING:
    from shared.care.instruments.instrument import Instrument
    from shared.fhir.reader import JsonObject

instrument = typer.Typer(
    no_args_is_help=True, help="List the instruments, or load a wording of your own."
)
_Server = Annotated[str, typer.Option("--to", metavar="URL", help="The FHIR base of the server.")]


@instrument.command("list")
def list_instruments(to: _Server = DEFAULT_SERVER) -> None:
    """List the instruments of a running server: id, title, licence, and whose texts it has.

    Example: `stepdown instrument list`
    """
    _check_address(to)
    published = asyncio.run(_published(to))
    table = Table("id", "title", "texts", "licence")
    for each in INSTRUMENTS:
        here = [one for one in published if one.get("url") == each.questionnaires[0]]
        table.add_row(each.name, each.title, Text(_texts(each, here)), Text(each.licence))
    console.print(table)


@instrument.command("load")
def load_instrument(
    file: Annotated[Path, typer.Argument(help="A Questionnaire with the wording (.json).")],
    licence_held: Annotated[
        str, typer.Option("--licence-held", help="The licence you hold: by whom, of what, since.")
    ] = "",
    to: _Server = DEFAULT_SERVER,
) -> None:
    """Load your own copy of an instrument whose wording is not part of this software.

    Its items and answers must be those that are scored; `GET Questionnaire/isi` shows them.

    Example: `stepdown instrument load isi.json --licence-held "Clinic X, Mapi no. 123" `
    """
    _check_address(to)
    if not licence_held.strip():
        raise Failure(
            "The wording is not part of this software: say which licence you hold, or why you "
            'need none, by --licence-held "…".'
        )
    copy = _own_copy(file, licence_held.strip().rstrip("."))
    asyncio.run(_store(to, copy))
    console.print(Text(f"{copy['url']} is kept with its wording as Questionnaire/{copy['id']}."))


def _check_address(to: str) -> None:
    if not is_address(to):
        raise Failure(f"{to} is not a server's address, such as {DEFAULT_SERVER}.")


def _own_copy(file: Path, licence: str) -> JsonObject:
    questionnaire = _questionnaire(file)
    meant = instrument_meant(questionnaire)
    if meant is None:
        names = ", ".join(each.title for each in UNWORDED)
        raise Failure(f"{file.name} is none of the instruments without their wording: {names}.")
    wrong = misfits(meant, questionnaire)
    if wrong:
        raise Failure(f"{file.name} is not the {meant.title} that is scored. {' '.join(wrong)}")
    return own_copy(meant, questionnaire, licence)


def _questionnaire(file: Path) -> JsonObject:
    try:
        tree = read(file.read_bytes())
    except Malformed as error:
        raise Failure(f"{file.name} is no JSON that can be read.") from error
    if tree.get("resourceType") != "Questionnaire":
        raise Failure(f"{file.name} holds no Questionnaire.")
    issues = validate(tree)
    if issues:
        told = "; ".join(f"{each.expression}: {each.diagnostics}" for each in issues)
        raise Failure(f"{file.name} is no valid Questionnaire: {told}")
    return tree


async def _store(to: str, copy: JsonObject) -> None:
    async with FhirClient(to) as client:
        answer = await client.request("PUT", f"Questionnaire/{copy['id']}", write(copy))
    if not answer.is_success:
        raise Failure(f"The server refused it: {' '.join(answer.reasons())}")


async def _published(to: str) -> list[JsonObject]:
    urls = ",".join(each.questionnaires[0] for each in INSTRUMENTS)
    asked = urlencode({"url": urls, "_count": 1000})
    async with FhirClient(to) as client:
        answer = await client.request("GET", f"Questionnaire?{asked}")
    if not answer.is_success:
        raise Failure(f"The server does not tell its Questionnaires: {' '.join(answer.reasons())}")
    return [each["resource"] for each in answer.resource().get("entry", ())]


def _texts(known: Instrument, here: list[JsonObject]) -> str:
    if not here:
        return "not on this server"
    if any(licence_held(each) for each in here):
        return "own copy"
    return "carried" if known.wording == "carried" else "topics only"
