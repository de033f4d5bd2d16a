"""What some units of UCUM are, in base units: a table made by hand from the standard.

https://ucum.org/ucum
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

End = Fraction | float
UCUM: Final = "http://unitsofmeasure.org"

# Its dimension, its factor to the base unit, and what is added after that.
_POUND: Final = Fraction("453.59237")
_TABLE: Final[dict[str, tuple[str, Fraction, Fraction]]] = {
    name: (dimension, Fraction(factor), Fraction(added))
    for name, dimension, factor, added in (
        ("g", "mass", 1, 0),
        ("mg", "mass", "1/1000", 0),
        ("ug", "mass", "1/1000000", 0),
        ("kg", "mass", 1000, 0),
        ("[lb_av]", "mass", _POUND, 0),
        ("[oz_av]", "mass", _POUND / 16, 0),
        ("m", "length", 1, 0),
        ("cm", "length", "1/100", 0),
        ("mm", "length", "1/1000", 0),
        ("[in_i]", "length", "0.0254", 0),
        ("s", "time", 1, 0),
        ("min", "time", 60, 0),
        ("h", "time", 3600, 0),
        ("d", "time", 86_400, 0),
        ("wk", "time", 604_800, 0),
        ("/min", "frequency", "1/60", 0),
        ("/s", "frequency", 1, 0),
        ("Hz", "frequency", 1, 0),
        ("%", "number", "1/100", 0),
        ("1", "number", 1, 0),
        ("K", "temperature", 1, 0),
        ("Cel", "temperature", 1, "273.15"),
        ("[degF]", "temperature", "5/9", Fraction("459.67") * 5 / 9),
        ("mg/dL", "density", 10, 0),
        ("g/L", "density", 1000, 0),
        ("mm[Hg]", "pressure", "133.322", 0),
        ("kPa", "pressure", 1000, 0),
    )
}


def same_kind(
    stored: tuple[str | None, str | None, str | None], sought: tuple[str, str]
) -> tuple[Callable[[End], End], Callable[[End], End]] | None:
    """Give how both units convert to one; None where that is not known."""
    ours, theirs = _found(stored[1] or ""), _found(sought[1])
    if stored[0] != UCUM or ours is None or theirs is None or ours[0] != theirs[0]:
        return None
    return (_converter(ours), _converter(theirs))


def _found(code: str) -> tuple[str, Fraction, Fraction] | None:
    return _TABLE.get(re.sub(r"\{[^}]*\}", "", code) or "1")


def _converter(unit: tuple[str, Fraction, Fraction]) -> Callable[[End], End]:
    def convert(value: End) -> End:
        return value * unit[1] + unit[2] if isinstance(value, Fraction) else value

    return convert
