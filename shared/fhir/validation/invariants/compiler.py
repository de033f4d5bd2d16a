"""Compiles the FHIRPath of R4's own rules to functions of plain JSON.

Types are known beforehand, so `code.empty()` becomes a look-up of a key. Parts that rules seldom
use are left to the general evaluator, with the same result.

https://hl7.org/fhir/R4/fhirpath.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from shared.fhir.fhirpath import Environment, InvalidExpression, Node, Steps, evaluate
from shared.fhir.fhirpath.syntax import (
    Binary,
    Call,
    Expression,
    Literal,
    Member,
    Variable,
)
from shared.fhir.fhirpath.types import supertypes
from shared.fhir.validation.invariants.calls import CALLS
from shared.fhir.validation.invariants.made import Made, NotCompilable, distinct, same
from shared.fhir.validation.invariants.numbers import NUMBER_TYPES, ORDERS, numbers_in
from shared.fhir.validation.invariants.paths import present, step, ways

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.fhir.validation.finding import Run

_UCUM: Final = "http://unitsofmeasure.org"
# The rules are R4's own, so their evaluation need not be bounded.
_ENOUGH_STEPS: Final = 10**12


class Compiler:
    """Compiles parts whose `$this` has one of some types."""

    def __init__(self, types: frozenset[str], resource_type: str | None) -> None:
        self.types = types
        self._resource_type = resource_type

    def within(self, types: frozenset[str]) -> Compiler:
        """Give the compiler of criteria on items of other types."""
        return Compiler(types, self._resource_type)

    def make(self, tree: Expression) -> Made:
        """Compile a part, or leave it to the evaluator as a whole.

        :raises NotCompilable: not even that, because the type of `$this` is not known.
        """
        try:
            return _MAKE[type(tree)](self, tree)
        except (NotCompilable, KeyError):
            return self._evaluated(tree)

    def _evaluated(self, tree: Expression) -> Made:
        if len(self.types) != 1 or self.types <= {"Resource"}:
            raise NotCompilable
        (type_name,) = self.types

        def run(this: Any, world: Run) -> list[Any]:  # noqa: ANN401
            node = Node(this, type_name)
            nodes = [Node(each, each["resourceType"]) for each in (world.resource, world.root)]
            environment = Environment(nodes[0], nodes[1], node, steps=Steps(_ENOUGH_STEPS))
            return [found.value for found in evaluate(tree, node, environment)]

        return Made(run)

    def literal(self, literal: Literal) -> Made:
        """Compile a value that is written down."""
        items = [literal.value] if literal.type else []
        if literal.type not in {"", "System.String", "System.Boolean", "System.Integer"}:
            raise NotCompilable
        return Made(lambda _this, _run: items, types=frozenset({literal.type}))

    def variable(self, variable: Variable) -> Made:
        """Compile `$this` and the resource around."""
        if variable.name == "$this":
            return Made(lambda this, _run: [this], types=self.types)
        if variable.name == "%ucum":
            return Made(lambda _this, _run: [_UCUM], types=frozenset({"System.String"}))
        if variable.name == "%resource" and self._resource_type:
            types = frozenset({self._resource_type})
            return Made(lambda _this, run: [run.resource], types=types)
        raise NotCompilable

    def member(self, member: Member) -> Made:
        """Compile a step to an element."""
        if member.target is not None:
            target = self.make(member.target)
            return step(target.select, ways(_known(target), member.name))
        if member.name[:1].isupper():
            if all(member.name in supertypes(each) for each in self.types):
                return Made(lambda this, _run: [this], types=self.types)
            raise NotCompilable
        return step(None, ways(self.types, member.name))

    def binary(self, binary: Binary) -> Made:
        """Compile an operator and both its operands."""
        left, right = self.make(binary.left), self.make(binary.right)
        return _OPERATORS[binary.operator](left, right)

    def call(self, call: Call) -> Made:
        """Compile a function."""
        return CALLS[call.name](self, call)

    def keys_of(self, tree: Expression | None) -> frozenset[str] | None:
        """Name the keys of an element of `$this` itself; None where the path is another."""
        if isinstance(tree, Member) and tree.target is None and not tree.name[:1].isupper():
            # A primitive has no keys at all.
            return present(ways(self.types, tree.name)) or None
        return None


def _known(made: Made) -> frozenset[str]:
    if made.is_truth or not made.types:
        raise NotCompilable
    return made.types


def _and(left: Made, right: Made) -> Made:
    one, two = left.test, right.test

    def run(this: Any, world: Run) -> bool | None:  # noqa: ANN401
        first = one(this, world)
        if first is False:
            return False
        second = two(this, world)
        return second if first or second is False else None

    return Made(run, is_truth=True)


def _or(left: Made, right: Made) -> Made:
    one, two = left.test, right.test

    def run(this: Any, world: Run) -> bool | None:  # noqa: ANN401
        first = one(this, world)
        if first:
            return True
        second = two(this, world)
        return second if second or first is False else None

    return Made(run, is_truth=True)


def _implies(left: Made, right: Made) -> Made:
    one, two = left.test, right.test

    def run(this: Any, world: Run) -> bool | None:  # noqa: ANN401
        first = one(this, world)
        if first is False:
            return True
        second = two(this, world)
        return second if first or second else None

    return Made(run, is_truth=True)


def _xor(left: Made, right: Made) -> Made:
    return Made(_compared(left.test, right.test, lambda one, two: one != two), is_truth=True)


def _compared(
    one: Callable[[Any, Run], Any],
    two: Callable[[Any, Run], Any],
    compare: Callable[[Any, Any], bool | None],
) -> Callable[[Any, Run], bool | None]:
    def run(this: Any, world: Run) -> bool | None:  # noqa: ANN401
        first, second = one(this, world), two(this, world)
        return None if first is None or second is None else compare(first, second)

    return run


def _equal(left: Made, right: Made) -> Made:
    return Made(_compared(left.select, right.select, same), is_truth=True)


def _different(left: Made, right: Made) -> Made:
    def compare(one: list[Any], two: list[Any]) -> bool | None:
        equal = same(one, two)
        return None if equal is None else not equal

    return Made(_compared(left.select, right.select, compare), is_truth=True)


def _member_of(left: Made, right: Made) -> Made:
    def compare(one: list[Any], two: list[Any]) -> bool | None:
        if len(one) > 1:
            raise InvalidExpression("A single value is expected where there are several.")
        return any(same(one, [each]) for each in two) if one else None

    return Made(_compared(left.select, right.select, compare), is_truth=True)


def _union(left: Made, right: Made) -> Made:
    one, two = left.select, right.select
    return Made(
        lambda this, run: distinct([*one(this, run), *two(this, run)]),
        types=_known(left) | _known(right),
    )


def _texts(left: Made, right: Made) -> Made:
    one, two = left.select, right.select

    def run(this: Any, world: Run) -> list[Any]:  # noqa: ANN401
        return ["".join([*filter(None, one(this, world)), *filter(None, two(this, world))])]

    return Made(run, types=frozenset({"System.String"}))


def _ordered(operator: str) -> Callable[[Made, Made], Made]:
    def make(left: Made, right: Made) -> Made:
        if not (_known(left) | _known(right)) <= NUMBER_TYPES:
            raise NotCompilable
        order = ORDERS[operator]

        def compare(one: list[Any], two: list[Any]) -> bool | None:
            numbers = numbers_in(one, two)
            return None if numbers is None else order(*numbers)

        return Made(_compared(left.select, right.select, compare), is_truth=True)

    return make


def _sum(left: Made, right: Made) -> Made:
    if not (_known(left) | _known(right)) <= NUMBER_TYPES:
        raise NotCompilable
    one, two = left.select, right.select

    def run(this: Any, world: Run) -> list[Any]:  # noqa: ANN401
        numbers = numbers_in(one(this, world), two(this, world))
        return [] if numbers is None else [sum(numbers)]

    return Made(run, types=frozenset({"System.Integer"}))


_OPERATORS: Final[dict[str, Callable[[Made, Made], Made]]] = {
    "and": _and,
    "or": _or,
    "implies": _implies,
    "xor": _xor,
    "=": _equal,
    "!=": _different,
    "in": _member_of,
    "contains": lambda left, right: _member_of(right, left),
    "|": _union,
    "&": _texts,
    "+": _sum,
    **{operator: _ordered(operator) for operator in ORDERS},
}
_MAKE: Final[dict[type, Callable[[Compiler, Any], Made]]] = {
    Literal: Compiler.literal,
    Variable: Compiler.variable,
    Member: Compiler.member,
    Binary: Compiler.binary,
    Call: Compiler.call,
}
