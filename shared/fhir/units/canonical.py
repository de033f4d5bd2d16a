"""What a UCUM unit is in base units: the dimensions it has, and how values convert, exactly.

The table `ucum.json` is that of ucum-essence.xml, version 2.2. The temperatures convert by their
formulas where they stand alone. Other special units (pH, decibel, slope), arbitrary units (`[iU]`)
and temperatures inside a product are comparable with themselves only: each is a dimension.

https://ucum.org/ucum
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from shared.fhir.memory import remembering_short_texts
from shared.fhir.units.reader import UnknownUnit, read_unit

if TYPE_CHECKING:
    from shared.fhir.units.reader import Dimensions

UCUM: Final = "http://unitsofmeasure.org"

_LONGEST: Final = 80
# No unit is so small or so large; a code may be written that is.
_MOST_ZEROS: Final = 300
# Added to a value before it is multiplied to kelvin.
_TEMPERATURES: Final = {
    "Cel": (Decimal("273.15"), Fraction(1)),
    "[degF]": (Decimal("459.67"), Fraction(5, 9)),
    "[degRe]": (Decimal("218.52"), Fraction(5, 4)),
}
_EXACT: Final = Context(prec=4000, Emax=10**6, Emin=-(10**6))
# A third has digits without end: the same value always ends at the same one.
_ROUNDED: Final = Context(prec=60, rounding=ROUND_HALF_EVEN, Emax=10**6, Emin=-(10**6))


@dataclass(frozen=True, slots=True)
class CanonicalUnit:
    """A unit in base units, and the conversion: (value + offset) * factor / divisor."""

    name: str
    factor: Decimal
    divisor: int = 1
    offset: Decimal = Decimal(0)

    def convert(self, value: Decimal) -> Decimal:
        """Give a value of the unit in the canonical one; infinity stays."""
        if self.offset:
            value = _EXACT.add(value, self.offset)
        value = _EXACT.multiply(value, self.factor)
        return value if self.divisor == 1 else _ROUNDED.divide(value, self.divisor)


@remembering_short_texts
def canonical_unit(code: str) -> CanonicalUnit | None:
    """Find what a UCUM code means; None where it means nothing."""
    if code in _TEMPERATURES:
        offset, ratio = _TEMPERATURES[code]
        return _unit({"K": 1}, ratio, offset)
    if len(code) > _LONGEST:
        return None
    try:
        factor, dimensions = read_unit(code)
    except UnknownUnit:
        return None
    return _unit(dimensions, factor)


def _unit(
    dimensions: Dimensions, ratio: Fraction, offset: Decimal = Decimal(0)
) -> CanonicalUnit | None:
    """Split a ratio into what can be multiplied exactly and what has to be divided by."""
    divisor, twos, fives = ratio.denominator, 0, 0
    while divisor % 2 == 0:
        divisor, twos = divisor // 2, twos + 1
    while divisor % 5 == 0:
        divisor, fives = divisor // 5, fives + 1
    tens = max(twos, fives)
    numerator = Decimal(ratio.numerator * 2 ** (tens - twos) * 5 ** (tens - fives))
    if abs(numerator.adjusted() - tens) > _MOST_ZEROS or numerator.adjusted() > 2 * _MOST_ZEROS:
        return None
    name = ".".join(f"{each}{exponent}" for each, exponent in sorted(dimensions.items()))
    return CanonicalUnit(name or "1", numerator.scaleb(-tens, _EXACT), divisor, offset)
