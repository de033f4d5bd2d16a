"""Who can reach the embedded PostgreSQL, and what its log may not hold."""

from __future__ import annotations

import asyncio
import os
import pwd
import signal
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import asyncpg
import pytest

from shared.store.embedded.binaries import find_binaries
from shared.store.embedded.place import Account
from shared.store.embedded.processes import postmaster, postmaster_lines
from shared.store.embedded.socket_folder import SOCKET_NAME, SOCKET_PATH_MAX
from tests.store.embedded_fixtures import (
    Start,
    ask,
    data_dir,
    fetch,
    folder,
    one_server,
    only_linux,
    only_root,
    place_of,
    python_for,
    start,
    until_active,
)

if TYPE_CHECKING:
    from shared.store.embedded import EmbeddedServer

__all__ = ["data_dir", "folder", "one_server", "start"]

STRANGER = Account(54321, 54321)
KNOCK = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_every_folder_and_file_is_private(one_server: EmbeddedServer) -> None:
    place = place_of(one_server)
    socket_folder = Path(place.socket.read_text())
    assert {mode(path) for path in (place.cluster, place.files, socket_folder)} == {0o700}
    assert {mode(path) for path in place.files.iterdir()} == {0o600}
    assert mode(socket_folder / SOCKET_NAME) == 0o700


def test_the_sockets_path_is_short_under_a_long_one(start: Start, folder: Path) -> None:
    place = place_of(start(folder / ("x" * 150)))
    assert len(place.socket.read_text() + "/" + SOCKET_NAME) <= SOCKET_PATH_MAX


def test_it_listens_on_its_socket_only(one_server: EmbeddedServer) -> None:
    place = place_of(one_server)
    _, _, _, _, socket_folder, address, *_ = postmaster_lines(place)
    assert (socket_folder, address) == (place.socket.read_text(), "")


async def test_the_password_opens_and_no_other_does(
    one_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSFILE", "/nowhere")
    password = urlsplit(one_server.url).password
    assert password
    assert await ask(one_server.url, "SELECT 1") == 1
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(one_server.url.replace(password, "guess"))
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(one_server.url.replace(f":{password}@", "@"))


def test_passwords_are_kept_as_scram(one_server: EmbeddedServer) -> None:
    url = one_server.url
    stored = "SELECT rolpassword FROM pg_authid WHERE rolname = 'stepdown'"
    assert str(fetch(url, stored)).startswith("SCRAM-SHA-256$")
    methods = "SELECT string_agg(DISTINCT auth_method, ' ') FROM pg_hba_file_rules"
    assert fetch(url, methods) == "scram-sha-256"


def test_each_database_has_a_password_of_its_own(start: Start, one_server: EmbeddedServer) -> None:
    assert urlsplit(start().url).password != urlsplit(one_server.url).password


@only_root
def test_another_local_user_cannot_connect(one_server: EmbeddedServer) -> None:
    place = place_of(one_server)
    path = f"{place.socket.read_text()}/{SOCKET_NAME}"
    assert "PermissionError" in knock(path, STRANGER)
    assert knock(path, place.account) == ""


def knock(path: str, account: Account) -> str:
    answer = subprocess.run(
        [python_for(account), "-c", KNOCK, path],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        **account.credentials,
    )
    return answer.stderr


@only_root
@only_linux
def test_the_server_of_root_runs_unprivileged_and_changes_nothing_around_it(
    start: Start, data_dir: Path
) -> None:
    around = [*data_dir.parents, *find_binaries().parents, find_binaries() / "postgres"]
    before = {path: (path.stat().st_mode, path.stat().st_uid) for path in around}
    accounts = pwd.getpwall()
    place = place_of(start())
    process = postmaster(place)
    assert Path(f"/proc/{process}").stat().st_uid == place.account.uid != 0
    assert groups(process) == []
    assert {path: (path.stat().st_mode, path.stat().st_uid) for path in around} == before
    assert pwd.getpwall() == accounts


def groups(process: int | None) -> list[str]:
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("Groups:"):
            return line.split()[1:]
    return ["unknown"]


def test_a_socket_folder_that_others_can_enter_is_not_used_again(start: Start) -> None:
    server = start()
    place = place_of(server)
    server.stop()
    open_folder = place.home / "open"
    open_folder.mkdir()
    open_folder.chmod(0o755)
    place.socket.write_text(str(open_folder))
    start()
    assert place.socket.read_text() != str(open_folder)


def test_a_socket_folder_that_is_still_private_is_used_again(start: Start) -> None:
    server = start()
    place = place_of(server)
    server.stop()
    kept = place.home / "kept"
    kept.mkdir(mode=0o700)
    os.chown(kept, place.account.uid, place.account.gid)
    place.socket.write_text(str(kept))
    assert fetch(start().url, "SELECT 1") == 1
    assert place.socket.read_text() == str(kept)


async def test_nothing_of_a_record_reaches_the_log(start: Start) -> None:
    server = start()
    await ask(server.url, "CREATE TABLE person (name text UNIQUE CHECK (name <> 'Canary'))")
    await ask(server.url, "INSERT INTO person VALUES ('Canaria')")
    for statement in (
        "INSERT INTO person VALUES ('Canaria')",
        "INSERT INTO person VALUES ('Canary')",
        "SELECT 'Canary'::int",
        "SELECT 'Canary' FROM nowhere",
        "DO $$ BEGIN RAISE WARNING 'Canary'; RAISE EXCEPTION 'Canary'; END $$",
    ):
        with pytest.raises(asyncpg.PostgresError):
            await ask(server.url, statement)
    await crash_while_asking_for("Canary", server.url)
    log = place_of(server).log.read_text()
    assert "terminated by signal 9" in log
    assert "Canar" not in log


async def crash_while_asking_for(name: str, url: str) -> None:
    connection = await asyncpg.connect(url)
    process = await connection.fetchval("SELECT pg_backend_pid()")
    asked = asyncio.create_task(connection.fetchval("SELECT $1, pg_sleep(60)", name))
    await until_active(url, process)
    os.kill(process, signal.SIGKILL)
    with pytest.raises((asyncpg.PostgresConnectionError, OSError)):
        await asked
    connection.terminate()
    assert await ask(url, "SELECT 1") == 1
