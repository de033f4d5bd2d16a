"""Trees of JSON as a patch needs them: copied, measured and compared.

A number is compared by its value, and otherwise keeps its text.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from jiter import LosslessFloat

from shared.fhir.errors import RuleViolation, TooLarge
from shared.fhir.reader import LIMITS

_NUMBERS: Final = frozenset({int, LosslessFloat})


class Budget:
    """How much one patch may put in: what it copies could grow without bound otherwise."""

    def __init__(self) -> None:
        self._left = LIMITS.nodes

    def copy(self, tree: Any, depth: int) -> Any:  # noqa: ANN401
        """Copy a tree to where it will stand so deep.

        :raises TooLarge: over the limit of what a patch puts in.
        :raises RuleViolation: nested deeper than a body may be.
        """
        _refuse_deeper(depth)
        self._left -= 1
        if self._left < 0:
            raise TooLarge(f"A patch may put in at most {LIMITS.nodes:,} values.")
        if type(tree) is dict:
            return {name: self.copy(child, depth + 1) for name, child in tree.items()}
        if type(tree) is list:
            return [self.copy(child, depth + 1) for child in tree]
        return tree


def check_depth(tree: Any, depth: int) -> None:  # noqa: ANN401
    """Check that a tree may stand so deep.

    :raises RuleViolation: nested deeper than a body may be.
    """
    _refuse_deeper(depth)
    if type(tree) is dict or type(tree) is list:
        for child in tree.values() if type(tree) is dict else tree:
            check_depth(child, depth + 1)


def _refuse_deeper(depth: int) -> None:
    if depth > LIMITS.depth:
        raise RuleViolation(f"The result would nest deeper than {LIMITS.depth} levels.")


def equal(one: Any, other: Any) -> bool:  # noqa: ANN401
    """Tell whether two trees are equal in the sense of JSON Patch.

    https://www.rfc-editor.org/rfc/rfc6902#section-4.6
    """
    if type(one) in _NUMBERS and type(other) in _NUMBERS:
        return _equal_numbers(one, other)
    if type(one) is not type(other):
        return False
    if type(one) is dict:
        return one.keys() == other.keys() and all(equal(one[name], other[name]) for name in one)
    if type(one) is list:
        return len(one) == len(other) and all(map(equal, one, other))
    return bool(one == other)


def _equal_numbers(one: int | LosslessFloat, other: int | LosslessFloat) -> bool:
    if isinstance(one, int) and isinstance(other, int):
        return one == other
    try:
        return _decimal(one) == _decimal(other)
    except ArithmeticError:  # an exponent beyond all numbers
        return str(one) == str(other)


def _decimal(number: int | LosslessFloat) -> Decimal:
    return Decimal(number if isinstance(number, int) else bytes(number).decode())
