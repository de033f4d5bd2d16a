"""How the embedded PostgreSQL lives: with its users, through crashes, and no longer than they."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from typing import TYPE_CHECKING

import asyncpg
import pytest

from shared.store.embedded.locks import is_held
from shared.store.embedded.processes import orphans, postmaster
from tests.store.embedded_fixtures import (
    KEEP,
    KEPT,
    Parents,
    Start,
    ask,
    comes_true,
    data_dir,
    fetch,
    first_line,
    folder,
    parents,
    place_of,
    start,
    until_active,
)

if TYPE_CHECKING:
    from pathlib import Path

    from shared.store.embedded import EmbeddedServer
    from shared.store.embedded.place import Place

__all__ = ["data_dir", "folder", "parents", "start"]


def test_it_ends_when_its_parent_is_killed(parents: Parents, start: Start, data_dir: Path) -> None:
    place = ended_place(start)
    parent = parents(data_dir)
    _, url = first_line(parent)
    assert fetch(url, "SELECT 1") == 1
    parent.kill()
    assert comes_true(lambda: not is_held(place.keeper_lock))
    assert postmaster(place) is None
    assert orphans(place) == []
    # The shutdown was a clean one: nothing is left to recover.
    assert place.log.read_text().rstrip().endswith("database system is shut down")


def test_ctrl_c_in_the_terminal_reaches_its_parent_only(
    parents: Parents, start: Start, data_dir: Path
) -> None:
    place = ended_place(start)
    parent = parents(data_dir)
    first_line(parent)
    process = postmaster(place)
    assert process
    assert os.getsid(process) != os.getsid(parent.pid)
    os.killpg(parent.pid, signal.SIGINT)
    parent.wait()
    assert comes_true(lambda: not is_held(place.keeper_lock))
    assert place.log.read_text().rstrip().endswith("database system is shut down")


def test_a_server_of_another_process_is_joined_and_outlives_it(
    parents: Parents, start: Start, data_dir: Path
) -> None:
    parent = parents(data_dir)
    reused, url = first_line(parent)
    assert not reused
    server = start()
    assert server.reused
    assert server.url == url
    parent.communicate()
    assert parent.returncode == 0
    assert server.alive()
    place = place_of(server)
    server.stop()
    assert postmaster(place) is None


def test_two_starts_at_once_make_one_database(parents: Parents, data_dir: Path) -> None:
    pair = [parents(data_dir), parents(data_dir)]
    answers = [first_line(parent) for parent in pair]
    assert sorted(reused for reused, _ in answers) == [False, True]
    assert len({url for _, url in answers}) == 1


def test_a_killed_server_is_started_again_with_all_that_was_committed(start: Start) -> None:
    server = start()
    fetch(server.url, KEEP)
    killed = kill_postmaster(server)
    assert fetch(server.url, KEPT) == 42
    assert server.alive()
    assert postmaster(place_of(server)) != killed


async def test_a_killed_server_process_takes_the_server_through_recovery(start: Start) -> None:
    server = start()
    process = postmaster(place_of(server))
    await ask(server.url, KEEP)
    connection = await asyncpg.connect(server.url)
    os.kill(await connection.fetchval("SELECT pg_backend_pid()"), signal.SIGKILL)
    with pytest.raises((asyncpg.PostgresConnectionError, OSError)):
        await connection.fetchval("SELECT 1")
    connection.terminate()
    assert await ask(server.url, KEPT) == 42
    assert postmaster(place_of(server)) == process


async def test_a_statement_that_outlives_its_server_does_not_delay_the_next(start: Start) -> None:
    server = start()
    connection = await asyncpg.connect(server.url)
    process = await connection.fetchval("SELECT pg_backend_pid()")
    endless = "DO $$ BEGIN LOOP PERFORM 1; END LOOP; END $$"
    busy = asyncio.create_task(connection.execute(endless))
    await until_active(server.url, process)
    killed = kill_postmaster(server)
    with pytest.raises((asyncpg.PostgresConnectionError, OSError)):
        await busy
    connection.terminate()
    assert await ask(server.url, "SELECT 1") == 1
    assert postmaster(place_of(server)) not in (None, killed)


def test_it_is_started_again_as_often_as_it_is_killed(start: Start) -> None:
    server = start()
    for _ in range(3):
        kill_postmaster(server)
        assert fetch(server.url, "SELECT 1") == 1


def test_a_server_whose_keeper_was_killed_is_found_and_ends_with_its_finder(start: Start) -> None:
    first = start()
    place = place_of(first)
    found = postmaster(place)
    kill_keeper(first)
    second = start()
    assert second.reused
    assert postmaster(place) == found
    first.stop()
    assert second.alive()
    second.stop()
    assert postmaster(place) is None


def test_a_found_server_is_kept_too(start: Start) -> None:
    first = start()
    place = place_of(first)
    kill_keeper(first)
    second = start()
    killed = kill_postmaster(second)
    # A killed process is still listed for a moment, so another one has to be seen first.
    assert comes_true(lambda: postmaster(place) not in (None, killed))
    assert comes_true(second.alive)


def test_a_server_whose_keeper_was_killed_ends_with_its_user(start: Start) -> None:
    server = start()
    place = place_of(server)
    kill_keeper(server)
    assert server.alive()
    server.stop()
    assert postmaster(place) is None


def test_all_killed_at_once_leaves_a_start_unhindered(
    parents: Parents, start: Start, data_dir: Path
) -> None:
    place = ended_place(start)
    parent = parents(data_dir)
    first_line(parent)
    parent.send_signal(signal.SIGSTOP)
    process = postmaster(place)
    assert process
    keeper = os.getsid(process)
    for number in (keeper, process, parent.pid):
        os.kill(number, signal.SIGKILL)
    assert start().alive()


def test_a_process_file_whose_number_is_another_process_by_now_hinders_nothing(
    start: Start,
) -> None:
    server = start()
    place = place_of(server)
    lines = (place.cluster / "postmaster.pid").read_text().splitlines()
    server.stop()
    other = subprocess.Popen(["/bin/sleep", "60"], **place.account.credentials)
    try:
        stale = "\n".join([str(other.pid), *lines[1:], ""])
        (place.cluster / "postmaster.pid").write_text(stale)
        again = start()
        assert again.alive()
        assert not again.reused
    finally:
        other.kill()
        other.wait()


def ended_place(start: Start) -> Place:
    """Make the database and stop its server, to know its place from outside."""
    server = start()
    server.stop()
    return place_of(server)


def kill_postmaster(server: EmbeddedServer) -> int:
    process = postmaster(place_of(server))
    assert process
    os.kill(process, signal.SIGKILL)
    return process


def kill_keeper(server: EmbeddedServer) -> None:
    keeper = server._keeper  # noqa: SLF001 - a stranger would find it by its command line
    assert keeper
    keeper.kill()
    keeper.wait()
