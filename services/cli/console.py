"""The terminal: one shared console, and one way to end with one sentence and an exit code."""

from __future__ import annotations

import sys
import traceback
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.text import Text

from shared.fhir.errors import FhirError

if TYPE_CHECKING:
    from typing import NoReturn

FAILED: Final = 1
INTERRUPTED: Final = 130
BROKEN: Final = 70

console = Console()
error_console = Console(stderr=True)


class Failure(Exception):
    """A command cannot go on; the text is one sentence for the person at the terminal."""

    def __init__(self, sentence: str, exit_code: int = FAILED) -> None:
        """Hold the sentence and the exit code to end with."""
        super().__init__(sentence)
        self.exit_code = exit_code


def end(error: BaseException) -> NoReturn:
    """Print what went wrong as one sentence and leave with the exit code that fits."""
    sentence, exit_code = _told(error)
    # Text, not markup: a path or an address may hold square brackets.
    error_console.print(Text(sentence, style="red"), soft_wrap=True)
    sys.exit(exit_code)


def _told(error: BaseException) -> tuple[str, int]:
    match error:
        case Failure():
            return str(error), error.exit_code
        case KeyboardInterrupt():
            return "Stopped.", INTERRUPTED
        case FhirError():
            return str(error), FAILED
        case OSError() if error.strerror:
            where = f"{error.filename}: " if error.filename else ""
            return f"{where}{error.strerror}.", FAILED
    # Only the kind of a bug and its place are shown: its text may quote a record.
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "an unknown place"
    return f"This is a fault in Stepdown ({type(error).__name__} at {place}).", BROKEN
