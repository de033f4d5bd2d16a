"""Draws the course of a score in the terminal, a column for each measure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

_STEP: Final = 3
_WIDTH: Final = 6
# From which total on a colour is taken: the bands of the PHQ-9.
_COLOURS: Final = ((20, "red"), (15, "dark_orange"), (10, "yellow"), (5, "green"), (0, "cyan"))


def draw(scores: Sequence[tuple[str, int]]) -> Text:
    """Draw scores, each with what stands below it."""
    highest = max((score for _, score in scores), default=0)
    drawn = Text()
    for level in range(-(-highest // _STEP) * _STEP, -1, -_STEP):
        drawn.append(f"{level:>4} ┤", style="dim")
        for _, score in scores:
            drawn.append(_cell(score, level).center(_WIDTH), style=_colour(score))
        drawn.append("\n")
    drawn.append("     └" + "─" * (_WIDTH * len(scores)) + "\n", style="dim")
    drawn.append("      " + "".join(label.center(_WIDTH) for label, _ in scores), style="dim")
    return drawn


def _cell(score: int, level: int) -> str:
    if level <= score < level + _STEP:
        return str(score)
    return "│" if score >= level + _STEP else ""


def _colour(score: int) -> str:
    return next(colour for least, colour in _COLOURS if score >= least)
