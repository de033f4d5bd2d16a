"""The private folder in which an embedded PostgreSQL listens; its path must be short."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from shared.store.embedded_place import Account, EmbeddedError, write_private

if TYPE_CHECKING:
    from shared.store.embedded_place import Place

SOCKET_NAME = ".s.PGSQL.5432"
# sockaddr_un holds 108 bytes on Linux and 104 on macOS, the closing zero among them.
SOCKET_PATH_MAX = 103


def make_socket_folder(place: Place) -> None:
    """Make the socket's private folder, or keep the remembered one if it is still ours alone."""
    if place.socket.exists():
        if _is_private(Path(place.socket.read_text()), place.account):
            return
        place.socket.unlink()
    for parent in (Path("/tmp"), Path(tempfile.gettempdir()), place.home):  # noqa: S108
        if len(os.fsencode(parent / "stepdown-12345678" / SOCKET_NAME)) > SOCKET_PATH_MAX:
            continue
        with suppress(OSError):
            folder = tempfile.mkdtemp(prefix="stepdown-", dir=parent)
            os.chown(folder, place.account.uid, place.account.gid)
            write_private(place.socket, folder, Account.own())
            return
    raise EmbeddedError("No folder for the database's socket can be made in /tmp.")


def remove_socket_folder(place: Place) -> None:
    """Remove the socket's folder after the server has ended."""
    with suppress(FileNotFoundError):
        shutil.rmtree(place.socket.read_text(), ignore_errors=True)
        place.socket.unlink()


def _is_private(folder: Path, account: Account) -> bool:
    try:
        found = folder.lstat()
    except OSError:
        return False
    mode = stat.S_IMODE(found.st_mode)
    return stat.S_ISDIR(found.st_mode) and found.st_uid == account.uid and mode == 0o700
