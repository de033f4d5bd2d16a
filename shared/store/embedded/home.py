"""Choosing where an embedded PostgreSQL lives, with whose programs, and as whom it runs."""

from __future__ import annotations

import os
import pwd
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from shared.store.embedded.binaries import copy_binaries, find_binaries, version_as
from shared.store.embedded.place import Account, EmbeddedError, Place, short_hash

if TYPE_CHECKING:
    from collections.abc import Callable

UNPRIVILEGED = ("postgres", "nobody")
ELSEWHERE = Path("/var/lib/stepdown")


def choose_place(data_dir: Path, report: Callable[[str], None]) -> Place:
    """Choose the place of the data directory's server; the same one each time.

    :raises EmbeddedError: when nothing can be kept or run there.
    """
    data_dir = data_dir.resolve()
    # PostgreSQL refuses to run as root, and its account must pass through to its cluster.
    data_dir.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
    home = _known_home(data_dir)
    account = _account((home or data_dir) / "postgres")
    wheel = find_binaries()
    if home is None:
        home = _new_home(data_dir, wheel, account, report)
    if not _reaches(account, home):
        raise EmbeddedError(f"The account {_name(account)} cannot write in {home}.")
    place = Place(home, _runnable(wheel, home, account), account)
    place.files.mkdir(mode=0o700, exist_ok=True)
    if place.files.is_symlink():
        raise EmbeddedError(f"{place.files} must be a folder, not a link to one.")
    return place


def remember_home(data_dir: Path, place: Place) -> None:
    """Leave a link in the data directory where the database had to go elsewhere."""
    link = data_dir.resolve() / "postgres"
    if place.cluster != link and not link.is_symlink():
        link.symlink_to(place.cluster)


def _known_home(data_dir: Path) -> Path | None:
    cluster = data_dir / "postgres"
    if cluster.is_symlink() and not cluster.exists():
        raise EmbeddedError(
            f"The database that {cluster} points to is gone; remove that link to begin anew."
        )
    return cluster.resolve().parent if cluster.exists() else None


def _new_home(data_dir: Path, wheel: Path, account: Account, report: Callable[[str], None]) -> Path:
    if os.geteuid() != 0 or (_reaches(account, data_dir) and version_as(account, wheel)):
        return data_dir
    home = ELSEWHERE / short_hash(data_dir)
    for folder, mode in ((ELSEWHERE, 0o755), (home, 0o711)):
        if not folder.exists():
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(mode)
    report(
        f"PostgreSQL runs as the account {_name(account)}, which cannot reach {data_dir}"
        f" or its programs: the database is kept in {home}."
    )
    return home


def _account(cluster: Path) -> Account:
    owner = cluster.stat() if cluster.exists() else None
    if os.geteuid() != 0:
        if owner and owner.st_uid != os.geteuid():
            raise EmbeddedError(f"The database in {cluster} belongs to another account.")
        return _own_account()
    if owner and owner.st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    for name in UNPRIVILEGED:
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(entry.pw_uid, entry.pw_gid)
    raise EmbeddedError(
        "PostgreSQL does not run as root, and there is no account postgres or nobody;"
        " start as an ordinary user."
    )


def _own_account() -> Account:
    account = Account.own()
    if not _name(account):
        raise EmbeddedError(
            f"PostgreSQL must run as an account with a name, which {account.uid} has not; start"
            " as another, or set STEPDOWN_DATABASE_URL to a PostgreSQL of yours."
        )
    return account


def _reaches(account: Account, folder: Path) -> bool:
    """Tell whether the account can work in a folder of its own inside this one."""
    with tempfile.TemporaryDirectory(dir=folder, prefix="probe-") as probe:
        os.chown(probe, account.uid, account.gid)
        # Access lists, mounts and security modules have their say only when it is really tried.
        command = ["/bin/sh", "-c", 'cd "$0" && : > file', probe]
        try:
            answer = subprocess.run(
                command, capture_output=True, check=False, cwd="/", **account.credentials
            )
        except OSError as error:
            raise EmbeddedError(
                f"PostgreSQL does not run as root, and this process may not become"
                f" {_name(account)}: {error.strerror}."
            ) from error
        return answer.returncode == 0


def _runnable(wheel: Path, home: Path, account: Account) -> Path:
    if version_as(account, wheel):
        return wheel
    copy = copy_binaries(wheel, home)
    if not version_as(account, copy):
        raise EmbeddedError(
            f"The PostgreSQL programs in {wheel} cannot be run, nor can a copy of them in {home}."
        )
    return copy


def _name(account: Account) -> str:
    with suppress(KeyError):
        return pwd.getpwuid(account.uid).pw_name
    return ""
