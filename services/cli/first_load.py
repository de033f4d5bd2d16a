"""The first people of a record, loaded whole: what was interrupted goes on at the next start.

A mark in the data directory stands as long as the load is not over. Loading what is there already
changes nothing, so all of it is sent again.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import typer

from services.cli.generate import write
from services.cli.load import load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SEED: Final = 1


class FirstLoad:
    """The first load into the record of one data directory."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "synthetic"
        self._mark = data_dir / "loading"

    def interrupted(self) -> int:
        """Tell of how many people a load was interrupted; 0 where none was."""
        return int(self._mark.read_text()) if self._mark.exists() else 0

    def run(self, people: int, to: str) -> None:
        """Make synthetic people and load them.

        :raises typer.Exit: when any of them was refused.
        """
        with self._marked(people):
            write(people, _SEED, self._folder)
            load([self._folder], to=to, parallel=2)

    @contextmanager
    def _marked(self, people: int) -> Iterator[None]:
        whole = self._mark.with_suffix(".new")
        whole.write_text(str(people))
        whole.rename(self._mark)
        try:
            yield
        except typer.Exit:
            # It came to its end, and would be refused again.
            self._mark.unlink()
            raise
        self._mark.unlink()
