"""Numbers in the rules of R4: counts, and the integers and decimals of elements."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, Final

from jiter import LosslessFloat

if TYPE_CHECKING:
    from collections.abc import Callable

NUMBER_TYPES: Final = frozenset(
    {"System.Integer", "integer", "positiveInt", "unsignedInt", "decimal"}
)
ORDERS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def numbers_in(one: list[Any], two: list[Any]) -> tuple[Any, Any] | None:
    """Give both numbers, or None where one is not there."""
    if not one or not two or one[0] is None or two[0] is None:
        return None
    return _number(one[0]), _number(two[0])


def _number(value: Any) -> Any:  # noqa: ANN401
    return value.as_decimal() if type(value) is LosslessFloat else value
