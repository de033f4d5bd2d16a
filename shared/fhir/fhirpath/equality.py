"""Equality, equivalence and order of values.

https://hl7.org/fhirpath/N1/index.html#equality
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from jiter import LosslessFloat

from shared.fhir.fhirpath.errors import InvalidExpression
from shared.fhir.fhirpath.node import decimal_of
from shared.fhir.fhirpath.quantity import Quantity
from shared.fhir.fhirpath.temporal import Temporal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.fhir.fhirpath.node import Node

_NUMBERS: Final = frozenset({int, Decimal})
_JSON_NUMBERS: Final = frozenset({int, LosslessFloat, float})


def equal(left: Node, right: Node) -> bool | None:
    """Tell whether two items are equal; None where precision or unit leaves it open."""
    one, two = left.system, right.system
    if one is None or two is None:
        return _same_complex(left, right)
    if type(one) in _NUMBERS and type(two) in _NUMBERS:
        return bool(one == two)
    if type(one) is not type(two):
        return False
    if isinstance(one, Quantity):
        numbers = one.comparable(two)
        return None if numbers is None else numbers[0] == numbers[1]
    if isinstance(one, Temporal):
        order = one.compare(two)
        if order is None:
            return None if (one.kind == "time") == (two.kind == "time") else False
        return order == 0
    return bool(one == two)


def _same_complex(left: Node, right: Node) -> bool:
    if left.value is None and right.value is None:
        return same_json(left.twin, right.twin)
    return same_json(left.value, right.value)


def same_json(one: Any, two: Any) -> bool:  # noqa: ANN401
    """Tell whether two JSON values are the same, numbers by their value."""
    if type(one) is dict and type(two) is dict:
        return one.keys() == two.keys() and all(same_json(one[key], two[key]) for key in one)
    if type(one) is list and type(two) is list:
        return len(one) == len(two) and all(map(same_json, one, two))
    if type(one) in _JSON_NUMBERS and type(two) in _JSON_NUMBERS:
        return decimal_of(one) == decimal_of(two)
    return type(one) is type(two) and bool(one == two)


def equal_collections(left: Sequence[Node], right: Sequence[Node]) -> bool | None:
    """Tell whether two collections are equal, item by item."""
    if not left or not right:
        return None
    if len(left) != len(right):
        return False
    found = [equal(one, two) for one, two in zip(left, right, strict=True)]
    return False if False in found else None if None in found else True


def equivalent(left: Node, right: Node) -> bool:
    """Tell whether two items mean the same: case, blanks and excess digits do not count."""
    one, two = left.system, right.system
    if one is None or two is None:
        return _alike_json(left.value, right.value)
    if type(one) in _NUMBERS and type(two) in _NUMBERS:
        return _alike_numbers(Decimal(one), Decimal(two))
    if type(one) is not type(two):
        return False
    if isinstance(one, str):
        return _folded(one) == _folded(two)
    if isinstance(one, Quantity):
        numbers = one.loosely().comparable(two.loosely())
        return numbers is not None and _alike_numbers(*numbers)
    if isinstance(one, Temporal):
        return one.compare(two) == 0
    return bool(one == two)


def _alike_numbers(one: Decimal, two: Decimal) -> bool:
    # Rounded to the digits of the less precise one.
    unit = Decimal(1).scaleb(-min(_fraction_digits(one), _fraction_digits(two)))
    try:
        return one.quantize(unit, ROUND_HALF_UP) == two.quantize(unit, ROUND_HALF_UP)
    except InvalidOperation:
        # More digits than are reckoned with.
        return one == two


def _fraction_digits(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _alike_json(one: Any, two: Any) -> bool:  # noqa: ANN401
    if type(one) is dict and type(two) is dict:
        named = (one.keys() | two.keys()) - {"id"}
        return all(key in one and key in two and _alike_json(one[key], two[key]) for key in named)
    if type(one) is list and type(two) is list:
        return len(one) == len(two) and _matched(one, two, _alike_json)
    if isinstance(one, str) and isinstance(two, str):
        return _folded(one) == _folded(two)
    return same_json(one, two)


def equivalent_collections(left: Sequence[Node], right: Sequence[Node]) -> bool:
    """Tell whether two collections are equivalent, in whatever order."""
    return len(left) == len(right) and _matched(left, right, equivalent)


def _matched(left: Sequence[Any], right: Sequence[Any], alike: Any) -> bool:  # noqa: ANN401
    remaining = list(right)
    for each in left:
        place = next((i for i, other in enumerate(remaining) if alike(each, other)), None)
        if place is None:
            return False
        del remaining[place]
    return True


def compare(left: Node, right: Node) -> int | None:
    """Tell the order of two items: below 0, 0 or above; None where it is open.

    :raises InvalidExpression: they have no order.
    """
    one, two = left.system, right.system
    if one is None or two is None:
        _refuse_complex(left, right)
        return None
    if isinstance(one, Quantity) and isinstance(two, Quantity):
        numbers = one.comparable(two)
        return None if numbers is None else _order(*numbers)
    if isinstance(one, Temporal) and isinstance(two, Temporal):
        return one.compare(two)
    if type(one) in _NUMBERS and type(two) in _NUMBERS:
        return _order(one, two)
    if isinstance(one, str) and isinstance(two, str):
        return _order(one, two)
    raise InvalidExpression("Values of different types have no order.")


def _refuse_complex(left: Node, right: Node) -> None:
    # A primitive with extensions only, and a Quantity without a value, are not known.
    for node in (left, right):
        if type(node.value) is dict and "value" in node.value:
            raise InvalidExpression("Values of this type have no order.")


def _order(one: Any, two: Any) -> int:  # noqa: ANN401
    return 0 if one == two else -1 if one < two else 1
