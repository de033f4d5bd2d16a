"""The processes of an embedded PostgreSQL, found by their command lines.

A process id alone proves nothing: ids are used again, soonest of all in containers.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.store.embedded.place import Place


def postmaster_lines(place: Place) -> list[str]:
    """Return the lines of postmaster.pid, none where there is no such file."""
    with suppress(FileNotFoundError):
        return (place.cluster / "postmaster.pid").read_text(errors="replace").splitlines()
    return []


def postmaster(place: Place) -> int | None:
    """Find the living postmaster of the cluster, whoever started it."""
    lines = postmaster_lines(place)
    if not lines or not lines[0].isdecimal():
        return None
    process = int(lines[0])
    return process if str(place.cluster) in command_line(process) else None


def is_ready(place: Place) -> bool:
    """Tell whether the server takes connections."""
    process = postmaster(place)
    return process is not None and got_ready(place, process)


def got_ready(place: Place, process: int) -> bool:
    """Tell whether the postmaster of this number takes connections, or did until it was killed."""
    lines = postmaster_lines(place)
    return len(lines) > 7 and (lines[0], lines[7].strip()) == (str(process), "ready")


def orphans(place: Place) -> list[int]:
    """Find the server's processes that outlived their postmaster."""
    # PostgreSQL titles each of them "postgres: <cluster_name>: …".
    title = f"postgres: {place.name}:"
    return [process for process, line in command_lines() if line.startswith(title)]


def command_line(process: int) -> str:
    """Read one process's command line, empty where it has ended."""
    if sys.platform == "linux":
        return _from_proc(process)
    return _ps("-o", "command=", "-p", str(process))


def command_lines() -> Iterator[tuple[int, str]]:
    """Go through every process that this one may see."""
    # Slim containers have no ps, macOS has no /proc.
    if sys.platform == "linux":
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal():
                yield int(entry.name), _from_proc(int(entry.name))
        return
    for line in _ps("-ax", "-o", "pid=,command=").splitlines():
        process, _, command = line.strip().partition(" ")
        yield int(process), command.strip()


def _from_proc(process: int) -> str:
    with suppress(OSError):
        text = Path(f"/proc/{process}/cmdline").read_bytes()
        return text.replace(b"\0", b" ").decode(errors="surrogateescape")
    return ""


def _ps(*arguments: str) -> str:
    answer = subprocess.run(["/bin/ps", "-ww", *arguments], capture_output=True, check=False)
    return answer.stdout.decode(errors="surrogateescape")
