"""Puts the makers of values together to those of lists, choices and objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.search.generated.datatypes import Values, filled

Json = Any
Make = Callable[[Values], Json]


def maybe(make: Make, share: float = 0.6) -> Make:
    """Make a value, or none."""
    return lambda values: values.often(lambda: make(values), share)


def few(make: Make, most: int = 3) -> Make:
    """Make a list."""
    return lambda values: values.some(lambda: make(values), most)


def some(make: Make, share: float = 0.6, most: int = 3) -> Make:
    """Make a list, or none."""
    return maybe(few(make, most), share)


def one_of(*choices: Json) -> Make:
    """Choose one of some constants."""
    return lambda values: values.pick(*choices)


def either(*makes: Make) -> Make:
    """Choose what to make."""
    return lambda values: values.pick(*makes)(values)


def to(*types: str) -> Make:
    """Make a reference."""
    return lambda values: values.reference(*types)


def always(make: Make | Json) -> Make:
    """Make a value; of a constant, itself."""
    return make if callable(make) else lambda _: make


def of(*merged: Make, **members: Make | Json) -> Make:
    """Make an object of its members; a name ends in `_` where Python has it, too."""

    def make(values: Values) -> Json:
        found: dict[str, Json] = {}
        for each in merged:
            found |= each(values)
        return found | filled(
            **{name.rstrip("_"): always(each)(values) for name, each in members.items()}
        )

    return make
