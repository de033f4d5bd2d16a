"""From one System type to another, where the value allows it.

https://hl7.org/fhirpath/N1/index.html#conversion
"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from shared.fhir.fhirpath.arithmetic import MOST_INTEGER
from shared.fhir.fhirpath.collections import answer
from shared.fhir.fhirpath.errors import InvalidExpression
from shared.fhir.fhirpath.machine import Function
from shared.fhir.fhirpath.quantity import CALENDAR_UNITS, Quantity
from shared.fhir.fhirpath.temporal import Kind, Temporal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shared.fhir.fhirpath.machine import Invocation
    from shared.fhir.fhirpath.node import Node

_TRUE: Final = frozenset({"true", "t", "yes", "y", "1", "1.0"})
_FALSE: Final = frozenset({"false", "f", "no", "n", "0", "0.0"})
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,20}")
_DECIMAL: Final = re.compile(r"[+-]?[0-9]{1,400}(?:\.[0-9]{1,400})?")
_QUANTITY: Final = re.compile(
    r"(?P<value>[+-]?[0-9]{1,400}(?:\.[0-9]{1,400})?)\s*(?:'(?P<unit>[^']+)'|(?P<word>[a-zA-Z]+))?"
)


def to_boolean(value: Any) -> bool | None:  # noqa: ANN401
    """Give the truth that a value means."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | Decimal):
        return bool(value) if value in {0, 1} else None
    word = value.lower() if isinstance(value, str) else ""
    return True if word in _TRUE else False if word in _FALSE else None


def to_integer(value: Any) -> int | None:  # noqa: ANN401
    """Give the integer that a value means."""
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        value = int(value)
    if not isinstance(value, int):
        return None
    return int(value) if abs(value) <= MOST_INTEGER else None


def to_decimal(value: Any) -> Decimal | None:  # noqa: ANN401
    """Give the decimal that a value means."""
    if isinstance(value, str):
        return Decimal(value) if _DECIMAL.fullmatch(value) else None
    return Decimal(value) if isinstance(value, int | Decimal) else None


def to_quantity(value: Any) -> Quantity | None:  # noqa: ANN401
    """Give the quantity that a value means."""
    if isinstance(value, Quantity):
        return value
    found = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    if found is not None:
        if found["word"] and found["word"] not in CALENDAR_UNITS:
            return None
        return Quantity(Decimal(found["value"]), found["unit"] or found["word"] or "1")
    number = to_decimal(value) if not isinstance(value, str) else None
    return None if number is None else Quantity(number, "1")


def to_string(value: Any) -> str | None:  # noqa: ANN401
    """Write a value as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Temporal):
        return value.written()
    if isinstance(value, Decimal):
        # Written out, a number of a few characters could fill the memory.
        return f"{value:f}" if abs(value.adjusted()) < 1_000 else str(value)
    return str(value) if isinstance(value, str | int | Quantity) else None


def _temporal(kind: Kind) -> Callable[[Any], Temporal | None]:
    def convert(value: Any) -> Temporal | None:  # noqa: ANN401
        if isinstance(value, str):
            try:
                value = Temporal.read(value)
            except InvalidExpression:
                return None
        if not isinstance(value, Temporal) or (value.kind == "time") != (kind == "time"):
            return None
        if kind == "date" and value.kind == "dateTime":
            return Temporal("date", value.parts[:3])
        return replace(value, kind=kind)

    return convert


_CONVERSIONS: Final[Mapping[str, Callable[[Any], object]]] = {
    "Boolean": to_boolean,
    "Integer": to_integer,
    "Decimal": to_decimal,
    "String": to_string,
    "Date": _temporal("date"),
    "DateTime": _temporal("dateTime"),
    "Time": _temporal("time"),
}


def _to(convert: Callable[[Any], object]) -> Function:
    def run(call: Invocation) -> list[Node]:
        value = call.only
        return answer(None if value is None else convert(value))

    return Function(run)


def _converts(convert: Callable[[Any], object]) -> Function:
    def run(call: Invocation) -> list[Node]:
        return answer(convert(call.only) is not None if call.input else None)

    return Function(run)


def _quantity_in(call: Invocation) -> Quantity | None:
    value = to_quantity(call.only)
    unit = call.value() if call.arguments else None
    if value is None or unit is None:
        return value
    return value if value.comparable(Quantity(Decimal(0), unit)) else None


def _converts_to_quantity(call: Invocation) -> list[Node]:
    return answer(_quantity_in(call) is not None if call.input else None)


FUNCTIONS: Final[Mapping[str, Function]] = (
    {f"to{name}": _to(convert) for name, convert in _CONVERSIONS.items()}
    | {f"convertsTo{name}": _converts(convert) for name, convert in _CONVERSIONS.items()}
    | {
        "toQuantity": Function(lambda call: answer(_quantity_in(call)), 0, 1),
        "convertsToQuantity": Function(_converts_to_quantity, 0, 1),
    }
)
