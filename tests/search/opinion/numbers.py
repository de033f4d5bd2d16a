"""Numbers and quantities, in fractions: nothing is ever rounded.

https://hl7.org/fhir/R4/search.html#number
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from math import inf
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tests.search.opinion.dates import PREFIXES
from tests.search.opinion.problem import Problem
from tests.search.opinion.units import UCUM, same_kind
from tests.search.opinion.values import parted, unescaped

if TYPE_CHECKING:
    from tests.search.opinion.paths import Node

End = Fraction | float

_NUMBER = re.compile(r"-?(\d+)(\.\d+)?([eE][+-]?\d{1,3})?", re.ASCII)
_CURRENCIES: Final = "urn:iso:std:iso:4217"
_INTEGERS: Final = {"integer", "positiveInt", "unsignedInt"}
_QUANTITIES: Final = {
    "Quantity", "SimpleQuantity", "MoneyQuantity", "Age", "Count", "Distance", "Duration",
}  # fmt: skip


class Stored(NamedTuple):
    """A number, or a half-open range of them, and its unit: system, code, text."""

    low: End
    high: End
    unit: tuple[str | None, str | None, str | None] = (None, None, None)


def numbers(node: Node) -> list[Stored]:
    """Give what can be compared of a value."""
    value = node.value
    if node.type in _INTEGERS or node.type == "decimal":
        return [Stored(_exact(value), _exact(value))]
    if node.type in _QUANTITIES:
        return _quantity(value, _unit(value))
    if node.type == "Money":
        currency = value.get("currency")
        return _quantity(value, (_CURRENCIES if currency else None, currency, None))
    if node.type == "Range":
        return _range(value)
    return _sampled(value) if node.type == "SampledData" else []


def _exact(number: Decimal | int) -> Fraction:
    return Fraction(number)


def _unit(value: dict[str, Any]) -> tuple[str | None, str | None, str | None]:
    return value.get("system"), value.get("code"), value.get("unit")


def _quantity(
    value: dict[str, Any], unit: tuple[str | None, str | None, str | None]
) -> list[Stored]:
    if "value" not in value:
        return []
    number = _exact(value["value"])
    comparator = value.get("comparator", "")
    low: End = -inf if "<" in comparator else number
    high: End = inf if ">" in comparator else number
    return [Stored(low, high, unit)]


def _range(value: dict[str, Any]) -> list[Stored]:
    ends = [value[end] for end in ("low", "high") if end in value]
    if len({_unit(each) for each in ends}) != 1:
        return []
    given = [each["value"] for each in ends if "value" in each]
    if not given:
        return []
    found = sorted(_exact(each) for each in given)
    low = -inf if "value" not in value.get("low", {}) else found[0]
    high = inf if "value" not in value.get("high", {}) else found[-1]
    return [Stored(low, high, _unit(ends[0]))]


def _sampled(value: dict[str, Any]) -> list[Stored]:
    """Give all points from the lowest to the highest; beyond a limit they are endless."""
    origin = value.get("origin", {})
    points = [each for each in value.get("data", "").split() if each != "E"]
    if "value" not in origin or not points:
        return []
    start, factor = _exact(origin["value"]), _exact(value.get("factor", 1))
    beyond: dict[str, End] = {"L": -inf, "U": inf}
    found = [
        beyond[each] if each in beyond else start + _exact(Decimal(each)) * factor
        for each in points
    ]
    return [Stored(min(found), max(found), _unit(origin))]


class Sought:
    """A prefix and a number of a query, with a unit or without."""

    def __init__(self, text: str, *, is_integer: bool = False) -> None:
        self.prefix = text[:2] if text[:2] in PREFIXES else "eq"
        digits = text.removeprefix(self.prefix)
        found = _NUMBER.fullmatch(digits)
        if not found or (is_integer and self.prefix in {"sa", "eb"}):
            raise Problem(text)
        number = _exact(Decimal(digits))
        self.number, self.is_integer = number, is_integer
        step = Fraction(0) if is_integer else _half_step(*found.groups(""))
        margin = step if self.prefix != "ap" else step + abs(number) / 10
        self.low, self.high = number - margin, number + margin
        self.unit: tuple[str, str] | None = None

    @classmethod
    def quantity(cls, text: str) -> Sought:
        """Read `number`, `number|system|code` or `number||code`."""
        number, *unit = (unescaped(each) for each in parted(text, "|"))
        found = cls(number)
        if unit and unit != ["", ""]:
            if len(unit) != 2 or not unit[1]:
                raise Problem(text)
            found.unit = unit[0], unit[1]
        return found

    def matches(self, stored: Stored) -> bool:
        """Compare; a value in another unit, or none, is never the one that is sought."""
        if self.unit is None:
            return self._compared(stored.low, stored.high, self.number, self.low, self.high)
        system, code = self.unit
        if not system:
            return code in stored.unit[1:] and self._as_it_is(stored)
        convert = same_kind(stored.unit, self.unit) if system == UCUM else None
        if convert is None:
            return stored.unit[:2] == self.unit and self._as_it_is(stored)
        ours, theirs = convert
        return self._compared(
            ours(stored.low), ours(stored.high), *map(theirs, (self.number, self.low, self.high))
        )

    def _as_it_is(self, stored: Stored) -> bool:
        return self._compared(stored.low, stored.high, self.number, self.low, self.high)

    def _compared(self, low: End, high: End, number: End, start: End, end: End) -> bool:
        if low == high:
            return self._point(low, number, start, end)
        equal = start <= low and high <= end
        return {
            "eq": equal,
            "ne": not equal,
            "gt": high > number,
            "lt": low < number,
            "ge": high > number,
            "le": low < number,
            "sa": low >= number,
            "eb": high <= number,
            "ap": low < end and start < high,
        }[self.prefix]

    def _point(self, value: End, number: End, start: End, end: End) -> bool:
        # Integers have no digits beyond the last: a range includes both of its ends.
        equal = start <= value <= end if self.is_integer else start <= value < end
        return {
            "eq": equal,
            "ne": not equal,
            "gt": value > number,
            "lt": value < number,
            "ge": value >= number,
            "le": value <= number,
            "sa": value > number,
            "eb": value < number,
            "ap": equal,
        }[self.prefix]


def _half_step(whole: str, decimals: str, exponent: str) -> Fraction:
    """Give half of the last digit that was given; `1e2` is 95 up to 105."""
    places = len(decimals) - 1 if decimals else 0
    power = int(exponent[1:] or 0) if exponent else 0
    figures = (whole + decimals.removeprefix(".")).lstrip("0")
    if exponent and not decimals and len(figures) <= 1:
        places += 1
    return Fraction(1, 2) * Fraction(10) ** (power - places)


def integers_only(types: set[str]) -> bool:
    """Tell whether values of these types are whole numbers."""
    return types <= _INTEGERS
