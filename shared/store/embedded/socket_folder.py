"""The private folder in which an embedded PostgreSQL listens; its path must be short."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from shared.store.embedded.place import Account, EmbeddedError, write_private

if TYPE_CHECKING:
    from shared.store.embedded.place import Place

SOCKET_NAME = ".s.PGSQL.5432"
# sockaddr_un holds 108 bytes on Linux and 104 on macOS, the closing zero among them.
SOCKET_PATH_MAX = 103


def make_socket_folder(place: Place) -> None:
    """Make the socket's private folder, or keep the remembered one if it is still ours alone."""
    if place.socket.exists():
        if _is_private(socket_folder(place), place.account):
            return
        place.socket.unlink()
    folder = _make_short_folder(place)
    try:
        os.chown(folder, place.account.uid, place.account.gid)
        write_private(place.socket, str(folder), Account.own())
    except OSError:
        folder.rmdir()
        raise


def socket_folder(place: Place) -> Path:
    """Return the remembered folder of the socket."""
    return Path(place.socket.read_text())


def remove_socket_folder(place: Place) -> None:
    """Remove the socket's folder after the server has ended."""
    with suppress(OSError):
        folder = socket_folder(place)
        place.socket.unlink()
        # A killed server leaves these two; anything else there is not ours to remove.
        (folder / SOCKET_NAME).unlink(missing_ok=True)
        (folder / f"{SOCKET_NAME}.lock").unlink(missing_ok=True)
        folder.rmdir()


def _make_short_folder(place: Place) -> Path:
    for parent in (Path("/tmp"), Path(tempfile.gettempdir()), place.home):  # noqa: S108
        if len(os.fsencode(parent / "stepdown-12345678" / SOCKET_NAME)) <= SOCKET_PATH_MAX:
            with suppress(OSError):
                return Path(tempfile.mkdtemp(prefix="stepdown-", dir=parent))
    raise EmbeddedError("No folder for the database's socket can be made in /tmp.")


def _is_private(folder: Path, account: Account) -> bool:
    try:
        found = folder.lstat()
    except OSError:
        return False
    private = found.st_mode == stat.S_IFDIR | 0o700 and found.st_uid == account.uid
    return private and folder.is_absolute()
