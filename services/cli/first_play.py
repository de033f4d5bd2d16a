"""The story that a new embedded record begins with: it ends at the real time.

A mark in the data directory stands as long as the story is not over, because until then the
record's clock stands in the past.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from services.cli.clock import is_untouched, start_clock
from services.cli.console import console
from services.cli.story.play import LASTS, catch_up, play

if TYPE_CHECKING:
    from pathlib import Path

_OTHERS: Final = 20
# Between the end of the story and now, for the time that it takes to play it.
_MARGIN: Final = timedelta(hours=6)


class FirstPlay:
    """The first story of one data directory's record."""

    def __init__(self, data_dir: Path) -> None:
        self._mark = data_dir / "playing"
        self._is_due = False
        self._was_interrupted = self._mark.exists()

    def prepare(self, url: str, *, asked: bool, clock: datetime | None) -> None:
        """Let the clock of a record that nobody has used begin as long ago as the story lasts."""
        self._is_due = asked and is_untouched(url)
        if self._is_due and clock is None:
            self._mark.touch()
            start_clock(url, datetime.now(UTC) - LASTS - _MARGIN)

    def run(self, to: str) -> None:
        """Play it if it is due, or bring the clock to the real time where it was interrupted.

        :raises Failure: when the server refuses something.
        """
        if self._is_due:
            console.print("The record is new: playing twelve weeks of 21 synthetic people …")
            asyncio.run(play(to, console, beside=_OTHERS, until_now=self._mark.exists()))
        elif self._was_interrupted:
            line = "The first story was interrupted, and stays as it is; `stepdown demo` plays one."
            console.print(line)
            asyncio.run(catch_up(to))
        self._mark.unlink(missing_ok=True)
