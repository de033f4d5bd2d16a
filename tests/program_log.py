"""What running programs write about themselves, and whether a fault of their own is in it."""

from __future__ import annotations

import builtins
import os
import re
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.programs import Programs

_FAILED = re.compile(r"(?:parks its stream|failed and waits): (\w+)")
# Lost races and databases that go away are the record's, and tried again; these are mistakes.
_MISTAKES = (
    *(ArithmeticError, AssertionError, AttributeError, LookupError, NameError, RuntimeError),
    *(StopIteration, TypeError, ValueError),
)


def mistakes(log: str) -> list[str]:
    """Give the lines that tell of a reaction or a timer that a mistake in the code has ended."""
    return [line for line in log.splitlines() if _is_mistake(line)]


def _is_mistake(line: str) -> bool:
    found = _FAILED.search(line)
    kind = getattr(builtins, found[1], None) if found else None
    return isinstance(kind, type) and issubclass(kind, _MISTAKES)


@contextmanager
def standard_error_to(path: Path) -> Iterator[None]:
    """Let the programs that are started here write to a file; they inherit the descriptor."""
    ours = os.dup(2)
    with path.open("ab") as file:
        os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(ours, 2)
        os.close(ours)


@contextmanager
def without_mistakes(running: AbstractContextManager[Programs], log: Path) -> Iterator[Programs]:
    """Run programs; in the end none of their reactions may have ended by a mistake."""
    with ExitStack() as stack:
        with standard_error_to(log):
            programs = stack.enter_context(running)
        yield programs
    told = log.read_text()
    sys.stderr.write(told)
    assert mistakes(told) == []
