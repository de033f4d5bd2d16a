"""Kleene's logic of three values: what is not known (None) stays open until it cannot matter.

https://plato.stanford.edu/entries/logic-manyvalued/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Truth = bool | None


def negation(value: Truth) -> Truth:
    """Turn true and false around; unknown stays unknown."""
    return None if value is None else not value


def conjunction(values: Iterable[Truth]) -> Truth:
    """Hold when all hold: one false decides, else one unknown leaves it open."""
    seen = set(values)
    if False in seen:
        return False
    return None if None in seen else True


def disjunction(values: Iterable[Truth]) -> Truth:
    """Hold when any holds: one true decides, else one unknown leaves it open."""
    seen = set(values)
    if True in seen:
        return True
    return None if None in seen else False


def word(value: Truth) -> str:
    """Name a value: true, false or unknown."""
    return "unknown" if value is None else str(value).lower()
