"""Looks at the processes of this machine: who came from whom, and who is still alive."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def descendants(process: int) -> set[int]:
    """Find everything that a process has started, directly or not."""
    parents = {int(entry.name): _parent(entry) for entry in _processes()}
    found = {process}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {process}


def is_alive(process: int) -> bool:
    """Tell whether a process runs; one that only waits to be reaped does not."""
    with suppress(OSError):
        return _fields(Path(f"/proc/{process}"))[0] != "Z"
    return False


def command_line(process: int) -> str:
    """Read a process's command line, empty where it has ended."""
    with suppress(OSError):
        return Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""


def _processes() -> list[Path]:
    return [entry for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def _parent(entry: Path) -> int:
    with suppress(OSError):
        return int(_fields(entry)[1])
    return 0


def _fields(entry: Path) -> list[str]:
    # The name before it, in brackets, may hold anything.
    return (entry / "stat").read_text().rpartition(")")[2].split()
