"""Quantities of a resource as ranges of decimals, in the digits sent."""

from __future__ import annotations

import re
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.fhir.reader import JsonObject

Bounds = tuple[str, str]

_INFINITY: Final = "Infinity"
_EXACT: Final = Context(prec=2000)
_POINT = re.compile(r"-?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][+-]?\d{1,2})?")


class QuantityRow(NamedTuple):
    """A number or quantity: the range it stands for, in the digits sent, and in another unit.

    `low` and `high` are decimals as text, or `Infinity` with its sign. `key` is the text of what
    stands beside it in the same `element`, for a composite parameter, else empty. `units` are
    texts for what its unit is called; `canonical` is the same for its canonical unit, if it has
    one, with the range in that.
    """

    parameter: int
    low: str
    high: str
    key: str = ""
    element: int = 0
    units: tuple[str, ...] = ()
    canonical: str | None = None
    canonical_low: str | None = None
    canonical_high: str | None = None


def compared(value: JsonObject) -> Bounds | None:
    """Give the range of a Quantity: a point, or what its comparator leaves open."""
    if "value" not in value:
        return None
    digits = str(value["value"])
    match value.get("comparator"):
        case "<" | "<=":
            return f"-{_INFINITY}", digits
        case ">" | ">=":
            return digits, _INFINITY
    return digits, digits


def bounds(value: JsonObject) -> Bounds | None:
    """Give the range of a Range; where it ends before it begins, the same from the other side."""
    low, high = (value.get(end, {}).get("value") for end in ("low", "high"))
    if low is None and high is None:
        return None
    if low is not None and high is not None and Decimal(str(low)) > Decimal(str(high)):
        low, high = high, low
    return (
        f"-{_INFINITY}" if low is None else str(low),
        _INFINITY if high is None else str(high),
    )


def sampled(value: JsonObject) -> Bounds | None:
    """Give the range of the points of a SampledData; an error is no point.

    https://hl7.org/fhir/R4/datatypes.html#SampledData
    """
    origin = value.get("origin", {}).get("value")
    if origin is None:
        return None
    start, factor = Decimal(str(origin)), Decimal(str(value.get("factor", 1)))
    points = list(_points(value.get("data", ""), start, factor))
    return (str(min(points)), str(max(points))) if points else None


def _points(data: str, origin: Decimal, factor: Decimal) -> Iterator[Decimal]:
    for point in set(data.split()):
        match point:
            case "L":
                yield Decimal(f"-{_INFINITY}")
            case "U":
                yield Decimal(_INFINITY)
            case _ if _POINT.fullmatch(point):
                yield _EXACT.add(origin, _EXACT.multiply(Decimal(point), factor))
