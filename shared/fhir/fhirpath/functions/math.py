"""Functions of numbers.

https://hl7.org/fhirpath/N1/index.html#math-1
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any, Final

from shared.fhir.fhirpath.arithmetic import MOST_INTEGER
from shared.fhir.fhirpath.collections import answer
from shared.fhir.fhirpath.errors import InvalidExpression
from shared.fhir.fhirpath.machine import Function
from shared.fhir.fhirpath.quantity import Quantity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shared.fhir.fhirpath.machine import Invocation
    from shared.fhir.fhirpath.node import Node


def _of_number(operation: Callable[..., object], arguments: int = 0, least: int = 0) -> Function:
    def run(call: Invocation) -> list[Node]:
        given = [call.simple, *(call.value(place) for place in range(len(call.arguments)))]
        if None in given:
            return []
        for each in given:
            if isinstance(each, bool) or not isinstance(each, int | Decimal):
                raise InvalidExpression("A number is expected.")
        try:
            return answer(_bounded(operation(*given)))
        except (ArithmeticError, ValueError):
            return []

    return Function(run, least, arguments)


def _bounded(value: object) -> object:
    if isinstance(value, Decimal) and not value.is_finite():
        return None
    return None if isinstance(value, int) and abs(value) > MOST_INTEGER else value


def _abs(call: Invocation) -> list[Node]:
    value = call.simple
    if isinstance(value, Quantity):
        return answer(Quantity(abs(value.value), value.unit))
    return _of_number(abs).run(call)


def _whole(rounding: str) -> Callable[[Any], int]:
    return lambda number: _integer(Decimal(number), rounding)


def _integer(number: Decimal, rounding: str) -> int:
    if number.adjusted() > 20:
        return MOST_INTEGER + 1
    return int(number.to_integral_value(rounding))


def _round(number: Any, digits: int = 0) -> Decimal:  # noqa: ANN401
    if not 0 <= digits <= 28:
        raise InvalidExpression("A number of digits from 0 to 28 is expected.")
    return Decimal(number).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def _power(number: Any, exponent: Any) -> object:  # noqa: ANN401
    found = Decimal(number) ** Decimal(exponent)
    integers = isinstance(number, int) and isinstance(exponent, int) and exponent >= 0
    return int(found) if integers and abs(found) <= MOST_INTEGER else found


FUNCTIONS: Final[Mapping[str, Function]] = {
    "abs": Function(_abs),
    "ceiling": _of_number(_whole(ROUND_CEILING)),
    "floor": _of_number(_whole(ROUND_FLOOR)),
    "truncate": _of_number(lambda number: _integer(Decimal(number), "ROUND_DOWN")),
    "round": _of_number(_round, 1),
    "exp": _of_number(lambda number: Decimal(number).exp()),
    "ln": _of_number(lambda number: Decimal(number).ln()),
    "log": _of_number(lambda number, base: Decimal(number).ln() / Decimal(base).ln(), 1, 1),
    "power": _of_number(_power, 1, 1),
    "sqrt": _of_number(lambda number: Decimal(number).sqrt() if number >= 0 else None),
}
