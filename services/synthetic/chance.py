"""Repeatable chance: the same words give the same choices on every machine and Python."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

Choice = TypeVar("Choice")


class Chance:
    """A stream of choices that follows from its words alone."""

    def __init__(self, *words: object) -> None:
        """Begin the stream that these words name."""
        # Only `random()` is promised to stay the same between versions of Python, so every
        # choice below is made of it.
        self._draw = random.Random("/".join(map(str, words))).random  # noqa: S311

    def between(self, low: int, high: int) -> int:
        """Choose a whole number, both ends included."""
        return low + int(self._draw() * (high - low + 1))

    def pick(self, choices: Sequence[Choice]) -> Choice:
        """Choose one."""
        return choices[self.between(0, len(choices) - 1)]

    def happens(self, percent: int) -> bool:
        """Decide something that is so in this many of a hundred cases."""
        return self._draw() * 100 < percent
