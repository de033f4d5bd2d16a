"""Number parameters: decimals and integers, compared by a prefix.

`=`, `ne` and `ap` mean what the digits given would be rounded from: `100` is 99.5 up to 100.5. The
other prefixes compare with exactly the number, and everything does where the values are integers.

https://hl7.org/fhir/R4/search.html#number
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Context, Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from shared.fhir.errors import InvalidSearch
from shared.fhir.search.escapes import unescape
from shared.fhir.search.values.ranges import QuantityRow, bounds

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject
    from shared.fhir.search.collector import Collector
    from shared.fhir.search.expression import Path
    from shared.fhir.search.parameters import Parameter
    from shared.fhir.search.reading import Reading
    from shared.fhir.search.values import Converter

MODIFIERS: Final[frozenset[str]] = frozenset()
UNSERVED_MODIFIERS: Final[frozenset[str]] = frozenset()

Prefix = Literal["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"]
_PREFIXES: Final[frozenset[Prefix]] = frozenset(get_args(Prefix))
_NUMBER = re.compile(r"-?(?P<mantissa>\d+(?:\.\d+)?)(?:[eE](?P<exponent>[+-]?\d{1,4}))?")
_INTEGERS: Final = frozenset({"integer", "positiveInt", "unsignedInt"})
# The limits of what can be stored.
_MOST_DIGITS: Final = 40
_LARGEST_EXPONENT: Final = 308
_EXACT: Final = Context(prec=2000)


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as it was given; the system is None where any will do."""

    system: str | None
    code: str


@dataclass(frozen=True, slots=True)
class Amount:
    """What a number stands for, from `low` up to `high`; a single point compares exactly."""

    prefix: Prefix
    low: Decimal
    high: Decimal
    unit: Unit | None = None


def parse(parameter: Parameter, _modifier: str | None, text: str, _reading: Reading) -> Amount:
    """Read a prefix and a number.

    :raises InvalidSearch: it is no number, or the prefix does not go with integers.
    """
    return read_amount(parameter, unescape(text))


def read_amount(parameter: Parameter, text: str, unit: Unit | None = None) -> Amount:
    """Read a prefix and a number, of a unit.

    :raises InvalidSearch: it is no number, or the prefix does not go with integers.
    """
    found = next((each for each in _PREFIXES if text.startswith(each)), None)
    prefix = found or "eq"
    digits = text[2:] if found else text
    number = _read(parameter, digits)
    if not parameter.value_types <= _INTEGERS:
        return Amount(prefix, *_range(prefix, number, _half_step(digits, number)), unit)
    if prefix in {"sa", "eb"}:
        raise InvalidSearch(f"'{parameter.code}' holds integers, for which there is no '{prefix}'.")
    return Amount(prefix, *_integers(prefix, number), unit)


def converter(parameter: Parameter, path: Path) -> Converter | None:
    """Choose how values at the path become ranges; None where they cannot."""
    if path.type == "Range":
        return partial(_add_range, parameter.number)
    if path.type in _INTEGERS or path.type == "decimal":
        return partial(_add, parameter.number)
    return None


def _read(parameter: Parameter, digits: str) -> Decimal:
    found = _NUMBER.fullmatch(digits)
    if found is None or not digits.isascii():
        raise InvalidSearch(f"The value of '{parameter.code}' is not a number such as 100 or 1e2.")
    if (
        len(found["mantissa"].replace(".", "")) > _MOST_DIGITS
        or abs(int(found["exponent"] or 0)) > _LARGEST_EXPONENT
    ):
        raise InvalidSearch(
            f"The value of '{parameter.code}' has more than {_MOST_DIGITS} digits, or an exponent "
            f"beyond ±{_LARGEST_EXPONENT}."
        )
    return Decimal(digits)


def _half_step(digits: str, number: Decimal) -> Decimal:
    """Take half a unit of the last digit."""
    _, figures, exponent = number.as_tuple()
    # R4 has `1e2` from 95 up to 105: a single digit before an exponent counts as two.
    is_bare = len(figures) == 1 and "." not in digits and "e" in digits.lower()
    return Decimal((0, (5,), int(exponent) - (2 if is_bare else 1)))


def _range(prefix: Prefix, number: Decimal, half: Decimal) -> tuple[Decimal, Decimal]:
    if prefix not in {"eq", "ne", "ap"}:
        return number, number
    if prefix == "ap":
        half = _EXACT.add(half, abs(number).scaleb(-1))
    return _EXACT.subtract(number, half), _EXACT.add(number, half)


def _integers(prefix: Prefix, number: Decimal) -> tuple[Decimal, Decimal]:
    """Give the range in which exactly the integers are that are meant."""
    if prefix == "ap":
        margin = abs(number).scaleb(-1)
        last = _EXACT.add(number, margin).to_integral_value(ROUND_FLOOR)
        return _EXACT.subtract(number, margin), _EXACT.add(last, 1)
    if prefix in {"eq", "ne"} and number == number.to_integral_value():
        return number, _EXACT.add(number, 1)
    return number, number


def _add(number: int, value: object, collector: Collector) -> None:
    digits = str(value)
    collector.add_quantity(QuantityRow(number, digits, digits))


def _add_range(number: int, value: JsonObject, collector: Collector) -> None:
    found: tuple[Any, Any] | None = bounds(value)
    if found is not None:
        collector.add_quantity(QuantityRow(number, *found))
