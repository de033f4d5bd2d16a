"""The database cluster of an embedded PostgreSQL: how it is made and with what it runs."""

from __future__ import annotations

import secrets
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from shared.store.embedded.binaries import ENVIRONMENT, MAJOR
from shared.store.embedded.place import Account, EmbeddedError, make_private, write_private
from shared.store.embedded.socket_folder import socket_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from shared.store.embedded.place import Place

OWNER = "stepdown"
DATABASE = "stepdown"

SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    # For a laptop of two cores and a solid-state disk.
    "shared_buffers": "256MB",
    "max_connections": "200",
    "synchronous_commit": "on",
    "jit": "off",
    "random_page_cost": "1.1",
    "autovacuum_vacuum_insert_scale_factor": "0.02",
    # No text of a statement, parameter or row may reach the log. Errors quote values in their
    # message, and the end of a crashed process quotes its statement in its detail: so errors
    # are left to the services that got them, and what is logged is logged without detail.
    "log_min_messages": "log",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "logging_collector": "off",
    "log_timezone": "UTC",
}


def server_command(place: Place) -> list[str]:
    """Write the command line that runs the server."""
    settings = SETTINGS | {
        "cluster_name": place.name,
        "unix_socket_directories": str(socket_folder(place)),
    }
    options = [f"--{name}={value}" for name, value in settings.items()]
    return [str(place.binaries / "postgres"), "-D", str(place.cluster), *options]


def make_cluster(place: Place, report: Callable[[str], None]) -> None:
    """Make the database unless it exists."""
    if place.cluster.exists():
        _refuse_other_version(place)
        return
    report(f"Making the database in {place.cluster} …")
    # It gets its name when it is complete, so that no crash leaves half a database behind.
    with _new_folder(place) as new:
        _initialise(place, new)
        new.rename(place.cluster)


def _refuse_other_version(place: Place) -> None:
    found = (place.cluster / "PG_VERSION").read_text().strip()
    if found != MAJOR:
        raise EmbeddedError(
            f"The database in {place.cluster} is of PostgreSQL {found},"
            f" but this program runs PostgreSQL {MAJOR}."
        )


@contextmanager
def _new_folder(place: Place) -> Iterator[Path]:
    for abandoned in place.home.glob("postgres.new-*"):
        shutil.rmtree(abandoned, ignore_errors=True)
    new = place.home / f"postgres.new-{secrets.token_hex(4)}"
    make_private(new, place.account)
    try:
        yield new
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _initialise(place: Place, new: Path) -> None:
    password = secrets.token_urlsafe(24)
    # The account of the server can read what lies in the socket's folder, and only there.
    password_file = socket_folder(place) / "password"
    password_file.unlink(missing_ok=True)
    write_private(password_file, password, place.account)
    try:
        _run(place, _initdb_command(new, password_file))
    finally:
        password_file.unlink(missing_ok=True)
    _run(place, _single_user_command(place, new), f"CREATE DATABASE {DATABASE}\n")
    place.password.unlink(missing_ok=True)
    write_private(place.password, password, Account.own())


def _initdb_command(new: Path, password_file: Path) -> list[str]:
    return [
        "initdb",
        f"--pgdata={new}",
        f"--username={OWNER}",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--no-locale",
        "--data-checksums",
        "--no-instructions",
    ]


def _single_user_command(place: Place, new: Path) -> list[str]:
    return ["postgres", "--single", "-D", str(new), f"--cluster_name={place.name}", "postgres"]


def _run(place: Place, command: list[str], statement: str = "") -> None:
    program, *arguments = command
    answer = subprocess.run(
        [place.binaries / program, *arguments],
        input=statement,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env=ENVIRONMENT,
        **place.account.credentials,
    )
    # A single-user server ends well even when its statement failed.
    if answer.returncode or "ERROR:" in answer.stderr:
        lines = answer.stderr.strip().splitlines() or [f"{program} failed"]
        raise EmbeddedError(f"The database could not be made: {_reason(lines)}.")


def _reason(lines: list[str]) -> str:
    errors = [line for line in lines if "error: " in line.lower() or "FATAL:" in line]
    return (errors or lines)[-1].rpartition("FATAL: ")[2].strip().rstrip(".")
