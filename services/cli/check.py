"""`stepdown check`: looks at what a server needs, and says what is missing."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import asyncpg
import typer
from rich.table import Table
from rich.text import Text

from services.cli.console import FAILED, console
from services.cli.migrate import UNREADABLE
from shared.store.embedded.binaries import MAJOR, find_binaries
from shared.store.embedded.place import EmbeddedError
from shared.store.migrate import current, head, is_behind

_CLOCK_OFFSET: Final = timedelta(seconds=5)
_FREE_SHARE: Final = 0.1

Finding = tuple[bool, str]


def check(
    data_dir: Annotated[
        Path, typer.Option(help="Where the embedded PostgreSQL keeps its data.")
    ] = Path("var"),
    port: Annotated[int, typer.Option(help="The port to serve at.", min=1, max=65535)] = 8000,
) -> None:
    """Check the database, its migrations, the disk, the clock and the port.

    With STEPDOWN_DATABASE_URL that database is asked; without it, the embedded PostgreSQL's
    programs are looked for. Exits with 1 when something would keep `stepdown serve` from working.

    Example: `stepdown check --port 8000`
    """
    url = os.environ.get("STEPDOWN_DATABASE_URL")
    findings = _of_database(url) if url else {"database": _embedded()}
    findings |= {"disk": _disk(data_dir), f"port {port}": _port(port)}
    table = Table("what", "", "finding")
    for name, (is_fine, told) in findings.items():
        mark = Text("ok", style="green") if is_fine else Text("no", style="red")
        table.add_row(name, mark, Text(told))
    console.print(table)
    if not all(is_fine for is_fine, _ in findings.values()):
        raise typer.Exit(FAILED)


def _of_database(url: str) -> dict[str, Finding]:
    try:
        return asyncio.run(_ask(url))
    except ValueError:
        return {"database": (False, UNREADABLE)}
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return {"database": (False, f"It does not answer ({type(error).__name__}).")}


async def _ask(url: str) -> dict[str, Finding]:
    connection = await asyncpg.connect(url, timeout=5)
    try:
        server = await connection.fetchval("SHOW server_version")
        number = int(await connection.fetchval("SHOW server_version_num"))
        clock = await connection.fetchval("SELECT clock_timestamp()")
    finally:
        await connection.close()
    at = await current(url)
    offset = abs(datetime.now(UTC) - clock)
    behind = is_behind(at)
    remedy = f"; `stepdown migrate` brings it to {head()}" if behind else ""
    return {
        "database": (number >= 170000, f"PostgreSQL {server}; 17 or newer is needed."),
        "migrations": (not behind, f"At {at or 'none'}{remedy}."),
        "clock": (offset < _CLOCK_OFFSET, f"{offset.total_seconds():.1f} s apart from here."),
    }


def _embedded() -> Finding:
    try:
        programs = find_binaries()
    except EmbeddedError as error:
        return False, str(error)
    return (programs / "postgres").exists(), f"The embedded PostgreSQL {MAJOR} will be used."


def _disk(data_dir: Path) -> Finding:
    place = next(each for each in (data_dir, *data_dir.absolute().parents) if each.exists())
    usage = shutil.disk_usage(place)
    free = usage.free / usage.total
    return free > _FREE_SHARE, f"{free:.0%} of the disk is free."


def _port(port: int) -> Finding:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return False, "It is taken; choose another one with --port."
    return True, "It is free."
