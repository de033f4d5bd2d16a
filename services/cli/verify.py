"""`stepdown verify`: looks whether every version of the record is the one that was written."""

from __future__ import annotations

import asyncio
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import asyncpg
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from services.cli.console import FAILED, Failure, console, error_console
from services.cli.database import start_embedded
from services.cli.migrate import UNREADABLE
from shared.access.access import DEFAULT_TENANT
from shared.store.migrate import current, is_behind
from shared.store.verify import Verified, count
from shared.store.verify import verify as verify_record

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEAD: Final = re.compile(r"[0-9]{1,18}-[0-9a-f]{64}")


def verify(
    data_dir: Annotated[
        Path, typer.Option(help="Where the embedded PostgreSQL keeps its data.")
    ] = Path("var"),
    database_url: Annotated[
        str | None,
        typer.Option(
            envvar="STEPDOWN_DATABASE_URL", help="The database's URL, in place of the embedded one."
        ),
    ] = None,
    head: Annotated[
        str | None, typer.Option(help="A head that was printed before, to go on from.")
    ] = None,
) -> None:
    """Verify the chain of every version, and name the first of each stream that does not hold.

    Prints the head: kept elsewhere and given as --head the next time, it also shows whether the
    newest versions were removed since. Exits with 1 when anything was altered, removed or inserted.
    The server may run meanwhile.

    Example: `stepdown verify --data-dir var`
    """
    if head is not None and not _HEAD.fullmatch(head):
        raise Failure("--head must be a head that `stepdown verify` printed.")
    with _database(data_dir, database_url) as url:
        verified = _verified(url, head)
    for finding in verified.findings:
        console.print(Text(f"{finding}.", style="red"), soft_wrap=True)
    if not verified.continues:
        told = "The record does not go on from that head: versions that it stands for are gone."
        console.print(Text(told, style="red"), soft_wrap=True)
    if verified.findings or not verified.continues:
        raise typer.Exit(FAILED)
    console.print(f"{verified.versions:,} versions of {verified.streams:,} streams hold.")
    console.print(f"Head: {verified.head}", soft_wrap=True, highlight=False)


@contextmanager
def _database(data_dir: Path, url: str | None) -> Iterator[str]:
    if url:
        yield url
        return
    if not (data_dir / "postgres").exists():
        raise Failure(f"{data_dir} holds no record; name another with --data-dir.")
    server = start_embedded(data_dir)
    try:
        yield server.url
    finally:
        server.stop()


def _verified(url: str, head: str | None) -> Verified:
    try:
        return asyncio.run(_verify(url, head))
    except ValueError as error:
        raise Failure(UNREADABLE) from error
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise Failure(f"The database does not answer ({type(error).__name__}).") from error


async def _verify(url: str, head: str | None) -> Verified:
    if is_behind(await current(url)):
        raise Failure("The database is not at this release's schema; run `stepdown migrate`.")
    settings = {"stepdown.tenant": str(DEFAULT_TENANT)}
    connection = await asyncpg.connect(url, timeout=10, server_settings=settings)
    try:
        with _progress() as progress:
            bar = progress.add_task("Verifying", total=await count(connection, DEFAULT_TENANT))
            return await verify_record(
                connection, DEFAULT_TENANT, head, lambda number: progress.advance(bar, number)
            )
    finally:
        await connection.close()


def _progress() -> Progress:
    description = TextColumn("{task.description}")
    return Progress(description, BarColumn(), MofNCompleteColumn(), console=error_console)
