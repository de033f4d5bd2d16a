"""The operators of FHIRPath.

https://hl7.org/fhirpath/N1/index.html#operations
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Final

from shared.fhir.fhirpath.arithmetic import (
    MOST_INTEGER,
    add,
    concatenate,
    divide,
    multiply,
    remainder,
    subtract,
    whole_quotient,
)
from shared.fhir.fhirpath.collections import answer, distinct, identity, single, truth
from shared.fhir.fhirpath.equality import (
    compare,
    equal_collections,
    equivalent_collections,
)
from shared.fhir.fhirpath.errors import InvalidExpression
from shared.fhir.fhirpath.quantity import Quantity
from shared.fhir.fhirpath.types import exists, is_type

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from shared.fhir.fhirpath.node import Node


def _not(value: bool | None) -> bool | None:  # noqa: FBT001
    return None if value is None else not value


def _and(left: list[Node], right: Callable[[], list[Node]]) -> list[Node]:
    first = truth(left)
    if first is False:
        return answer(False)  # noqa: FBT003
    second = truth(right())
    if second is False:
        return answer(False)  # noqa: FBT003
    return answer(True if first and second else None)


def _or(left: list[Node], right: Callable[[], list[Node]]) -> list[Node]:
    first = truth(left)
    if first:
        return answer(True)  # noqa: FBT003
    second = truth(right())
    if second:
        return answer(True)  # noqa: FBT003
    return answer(None if first is None or second is None else False)


def _xor(left: list[Node], right: Callable[[], list[Node]]) -> list[Node]:
    first, second = truth(left), truth(right())
    return answer(None if first is None or second is None else first != second)


def _implies(left: list[Node], right: Callable[[], list[Node]]) -> list[Node]:
    return _or(answer(_not(truth(left))), right)


def _ordered(test: Callable[[int], bool]) -> Callable[[list[Node], list[Node]], list[Node]]:
    def run(left: list[Node], right: list[Node]) -> list[Node]:
        one, two = single(left), single(right)
        order = None if one is None or two is None else compare(one, two)
        return answer(None if order is None else test(order))

    return run


def _computed(
    operation: Callable[[Any, Any], object],
) -> Callable[[list[Node], list[Node]], list[Node]]:
    @wraps(operation)
    def run(left: list[Node], right: list[Node]) -> list[Node]:
        one, two = single(left), single(right)
        if one is None or two is None or one.value is None or two.value is None:
            return []
        try:
            found = operation(one.system, two.system)
        except ArithmeticError:
            return []
        # Beyond 32 bits there is no Integer.
        return [] if type(found) is int and abs(found) > MOST_INTEGER else answer(found)

    return run


def _concatenated(left: list[Node], right: list[Node]) -> list[Node]:
    one, two = single(left), single(right)
    texts = ["" if each is None else each.system for each in (one, two)]
    return answer(concatenate(*texts))


def _member(item: list[Node], collection: list[Node]) -> list[Node]:
    one = single(item)
    if one is None:
        return []
    wanted = identity(one)
    return answer(any(identity(each) == wanted for each in collection))


def negated(nodes: list[Node]) -> list[Node]:
    """Change the sign of a number."""
    found = single(nodes)
    value = None if found is None else found.system
    if isinstance(value, Quantity):
        return answer(Quantity(-value.value, value.unit))
    if isinstance(value, bool | str):
        raise InvalidExpression("Only a number can be negative.")
    return answer(None if value is None else -value)


def as_type(operator: str, nodes: list[Node], name: str) -> list[Node]:
    """Tell whether the item is of a type, or keep the items that are.

    :raises InvalidExpression: there is no such type.
    """
    if not exists(name):
        raise InvalidExpression(f"There is no type {name}.")
    if operator == "is":
        found = single(nodes)
        return answer(None if found is None else is_type(found, name))
    # R4's own search expressions use `as` on collections, as ofType() is meant.
    return [node for node in nodes if is_type(node, name)]


LOGIC: Final[dict[str, Callable[[list[Node], Callable[[], list[Node]]], list[Node]]]] = {
    "and": _and,
    "or": _or,
    "xor": _xor,
    "implies": _implies,
}
OPERATORS: Final[dict[str, Callable[[list[Node], list[Node]], list[Node]]]] = {
    "=": lambda left, right: answer(equal_collections(left, right)),
    "!=": lambda left, right: answer(_not(equal_collections(left, right))),
    "~": lambda left, right: answer(equivalent_collections(left, right)),
    "!~": lambda left, right: answer(not equivalent_collections(left, right)),
    "<": _ordered(lambda order: order < 0),
    "<=": _ordered(lambda order: order <= 0),
    ">": _ordered(lambda order: order > 0),
    ">=": _ordered(lambda order: order >= 0),
    "in": _member,
    "contains": lambda collection, item: _member(item, collection),
    "|": lambda left, right: distinct([*left, *right]),
    "+": _computed(add),
    "-": _computed(subtract),
    "*": _computed(multiply),
    "/": _computed(divide),
    "div": _computed(whole_quotient),
    "mod": _computed(remainder),
    "&": _concatenated,
}
