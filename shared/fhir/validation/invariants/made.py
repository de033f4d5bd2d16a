"""What the compiler makes of a part of an expression: a function of JSON and the run.

A truth is True, False or None for empty. Anything else is a list of JSON values, where None is a
primitive that has only extensions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from jiter import LosslessFloat

from shared.fhir.fhirpath import InvalidExpression
from shared.fhir.fhirpath.collections import frozen
from shared.fhir.fhirpath.equality import same_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from shared.fhir.validation.finding import Run

_HASHABLE: Final = frozenset({str, bool, int, type(None)})


class NotCompilable(Exception):
    """The general evaluator must do this part."""


class Made(NamedTuple):
    """A compiled part; `types` are those that its items can have."""

    run: Callable[[Any, Run], Any]
    is_truth: bool = False
    types: frozenset[str] = frozenset()

    @property
    def test(self) -> Callable[[Any, Run], bool | None]:
        """The part as a truth."""
        if self.is_truth:
            return self.run
        select = self.run
        return lambda this, run: truth_of(select(this, run))

    @property
    def select(self) -> Callable[[Any, Run], list[Any]]:
        """The part as a list."""
        if not self.is_truth:
            return self.run
        test = self.run

        def select(this: Any, run: Run) -> list[Any]:  # noqa: ANN401
            found = test(this, run)
            return [] if found is None else [found]

        return select


def truth_of(items: list[Any]) -> bool | None:
    """Give the truth of a list, as FHIRPath has it."""
    if len(items) > 1:
        raise InvalidExpression("A single value is expected where there are several.")
    if not items:
        return None
    return items[0] if type(items[0]) is bool else True


def same(one: list[Any], two: list[Any]) -> bool | None:
    """Tell whether two lists are equal; None where one is empty."""
    if not one or not two:
        return None
    if len(one) == 1 and type(one[0]) is str:
        return one == two
    return same_json(one, two)


def distinct(items: Iterable[Any]) -> list[Any]:
    """Keep one of those that are equal; objects are all kept, for no rule of R4 counts them."""
    return list({_identity(item): item for item in items}.values())


def _identity(item: Any) -> object:  # noqa: ANN401
    if type(item) in _HASHABLE:
        return (type(item), item)
    return frozen(item) if type(item) is LosslessFloat else id(item)


def are_distinct(items: list[Any]) -> bool:
    """Tell whether no two items are equal."""
    return len(items) < 2 or len(set(map(frozen, items))) == len(items)
