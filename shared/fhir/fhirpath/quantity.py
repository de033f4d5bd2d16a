"""Quantities: a number and its unit, compared by the unit's text.

The units of a clock compare with each other (7 days are a week); a year or a month has no fixed
length, and no other unit is converted.

https://hl7.org/fhirpath/N1/index.html#quantity
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple

_CALENDAR: Final = {
    "year": "year",
    "month": "month",
    "week": "wk",
    "day": "d",
    "hour": "h",
    "minute": "min",
    "second": "s",
    "millisecond": "ms",
}
CALENDAR_UNITS: Final = _CALENDAR | {f"{word}s": unit for word, unit in _CALENDAR.items()}
MILLISECONDS: Final = {
    "ms": Decimal(1),
    "s": Decimal(1_000),
    "min": Decimal(60_000),
    "h": Decimal(3_600_000),
    "d": Decimal(86_400_000),
    "wk": Decimal(604_800_000),
}
_UCUM: Final = "http://unitsofmeasure.org"
# Equivalent, not equal: UCUM's year and month are means, the calendar's are not.
_DEFINITE: Final = {"year": "a", "month": "mo"}


class Quantity(NamedTuple):
    """A number with its unit as written; `1` is the unit of a bare number."""

    value: Decimal
    unit: str

    @property
    def plain_unit(self) -> str:
        """The unit, one word for all the names a clock's unit has."""
        return CALENDAR_UNITS.get(self.unit, self.unit)

    def comparable(self, other: Quantity) -> tuple[Decimal, Decimal] | None:
        """Give both numbers in one unit, or None where there is none."""
        mine, theirs = self.plain_unit, other.plain_unit
        if mine == theirs:
            return self.value, other.value
        if mine in MILLISECONDS and theirs in MILLISECONDS:
            return self.value * MILLISECONDS[mine], other.value * MILLISECONDS[theirs]
        return None

    def loosely(self) -> Quantity:
        """Give the quantity as equivalence sees it."""
        return Quantity(self.value, _DEFINITE.get(self.plain_unit, self.plain_unit))

    def __str__(self) -> str:
        unit = self.unit if self.unit in CALENDAR_UNITS else f"'{self.unit}'"
        return f"{self.value:f} {unit}"


def quantity_of(value: object, system: object, code: object, unit: object) -> Quantity | None:
    """Make the quantity that a FHIR Quantity means."""
    if not isinstance(value, Decimal):
        return None
    written = code if system == _UCUM or unit is None else unit
    return Quantity(value, written if isinstance(written, str) else "1")
