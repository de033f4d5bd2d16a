"""Looks at the processes of this machine: who came from whom, and who is still alive."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple


class Process(NamedTuple):
    """One process: who started it, its state's letter, and its command line."""

    parent: int
    state: str
    command: str


def descendants(process: int) -> set[int]:
    """Find everything that a process has started, directly or not."""
    parents = {each: told.parent for each, told in processes().items()}
    found = {process}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {process}


def is_alive(process: int) -> bool:
    """Tell whether a process runs; one that only waits to be reaped does not."""
    told = processes().get(process)
    return told is not None and not told.state.startswith("Z")


def processes() -> dict[int, Process]:
    """List every process by its number."""
    # Slim containers have no ps, macOS has no /proc.
    if sys.platform == "linux":
        entries = [entry for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
        told = {int(entry.name): _from_proc(entry) for entry in entries}
        return {number: each for number, each in told.items() if each is not None}
    table = subprocess.run(
        ["/bin/ps", "-axww", "-o", "pid=,ppid=,stat=,command="],
        capture_output=True,
        check=True,
        text=True,
    )
    lines = [line.split(None, 3) for line in table.stdout.splitlines()]
    return {int(line[0]): Process(int(line[1]), line[2], line[-1]) for line in lines}


def _from_proc(entry: Path) -> Process | None:
    with suppress(OSError):
        # The name before the state, in brackets, may hold anything.
        state, parent, *_ = (entry / "stat").read_text().rpartition(")")[2].split()
        command = (entry / "cmdline").read_bytes().replace(b"\0", b" ")
        return Process(int(parent), state, command.decode(errors="replace"))
    return None
