"""Where an embedded PostgreSQL lives: its folders, its files and the account it runs as."""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, BinaryIO, TypedDict

if TYPE_CHECKING:
    from pathlib import Path


class EmbeddedError(Exception):
    """The embedded PostgreSQL cannot do what was asked; the text is one sentence for a person."""


class Credentials(TypedDict, total=False):
    """The arguments of subprocess that make a program run as another account."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Account:
    """The account that the server runs as and that owns its data."""

    uid: int
    gid: int

    @classmethod
    def own(cls) -> Account:
        """Return the account of this process."""
        return cls(os.geteuid(), os.getegid())

    @property
    def credentials(self) -> Credentials:
        """Return what subprocess needs in order to become this account."""
        if self.uid == os.geteuid():
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


@dataclass(frozen=True)
class Place:
    """The folders of one embedded server; whoever knows them can find, start and stop it."""

    home: Path
    binaries: Path
    account: Account

    @property
    def cluster(self) -> Path:
        """Return PostgreSQL's own data directory."""
        return self.home / "postgres"

    # The launcher's files stay out of the cluster, which belongs to the server's account: as
    # root we must not write through a folder in which that account could place a link.
    @property
    def files(self) -> Path:
        """Return the folder of the launcher's own files."""
        return self.home / "embedded"

    @property
    def password(self) -> Path:
        """Return the file that holds the owner's password."""
        return self.files / "password"

    @property
    def log(self) -> Path:
        """Return the server's log."""
        return self.files / "postgres.log"

    @property
    def socket(self) -> Path:
        """Return the file that remembers the folder of the socket."""
        return self.files / "socket"

    @property
    def start_lock(self) -> Path:
        """Return the lock that lets one process at a time make or start the database."""
        return self.files / "start.lock"

    @property
    def use_lock(self) -> Path:
        """Return the lock that every process holds, shared, for as long as it uses the server."""
        return self.files / "use.lock"

    @property
    def keeper_lock(self) -> Path:
        """Return the lock that the keeper holds for as long as it lives."""
        return self.files / "keeper.lock"

    @property
    def name(self) -> str:
        """Return the name that tells this server's processes from those of any other."""
        return f"stepdown-{short_hash(self.cluster)}"


def short_hash(path: Path) -> str:
    """Return a short name for an absolute path."""
    return sha256(os.fsencode(path)).hexdigest()[:12]


def write_private(path: Path, text: str, account: Account) -> None:
    """Write a new file that only the account can read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        os.fchown(descriptor, account.uid, account.gid)
        file.write(text)
        file.flush()
        os.fsync(descriptor)


def make_private(folder: Path, account: Account) -> None:
    """Make a new folder that only the account can enter."""
    folder.mkdir(mode=0o700)
    os.chown(folder, account.uid, account.gid)


def open_log(place: Place) -> BinaryIO:
    """Open the log to add to it; where another could put a link, it is not followed."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
    return os.fdopen(os.open(place.log, flags, 0o600), "ab")
