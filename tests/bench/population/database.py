"""Databases of the benchmark: records of some size, made once and copied for each run."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg

import shared
from services.record import ownership
from shared.store.migrate import migrate

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT: Final = Path(shared.__file__).parents[1]
# Where records are kept for the next run.
FOLDER: Final = ROOT / "var" / "bench"
# What decides how a record looks when it is made.
_MAKERS: Final = (
    "shared/fhir/dates.py",
    "shared/fhir/definitions",
    "shared/fhir/references.py",
    "shared/fhir/search",
    "shared/store/migrations/versions",
    "shared/store/rows.py",
    "shared/store/search",
    "shared/store/statements.py",
    "tests/bench/population",
)


def fingerprint() -> str:
    """Name the state of the code on which a kept record depends."""
    files = (path for each in _MAKERS for path in ((ROOT / each).rglob("*"), [ROOT / each]))
    paths = sorted(
        {path for some in files for path in some if path.suffix in {".py", ".sql", ".json"}}
    )
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]


def kept_name(size: int) -> str:
    """Name the database that is kept for a size and this state of the code."""
    return f"bench_{size}_{fingerprint()}"


def url_of(url: str, name: str) -> str:
    """Give the URL of another database of the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


async def execute(url: str, *statements: str) -> None:
    """Run statements, each by itself."""
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement, timeout=3600)
    finally:
        await connection.close()


async def names(url: str) -> set[str]:
    """Name the databases of the benchmark."""
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch("SELECT datname FROM pg_database")
    finally:
        await connection.close()
    return {row[0] for row in rows if row[0].startswith(("bench_", "run_", "making_"))}


async def drop(url: str, gone: Sequence[str]) -> None:
    """Drop databases, whoever is connected to them."""
    await execute(url, *(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)" for name in gone))


async def make_empty(url: str, name: str) -> str:
    """Make a database at this release's schema, without a resource, and give its URL."""
    await drop(url, [name])
    await execute(url, f"CREATE DATABASE {name}")
    made = url_of(url, name)
    await migrate(made, ownership())
    return made


async def copy(url: str, kept: str, name: str) -> str:
    """Copy a kept database for one run, and give its URL."""
    await drop(url, [name])
    await execute(url, f"CREATE DATABASE {name} TEMPLATE {kept} STRATEGY FILE_COPY", "CHECKPOINT")
    return url_of(url, name)
