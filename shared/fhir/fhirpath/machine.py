"""Evaluates the tree of an expression, step by counted step.

https://hl7.org/fhirpath/N1/index.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from shared.fhir.fhirpath.collections import single, truth
from shared.fhir.fhirpath.errors import InvalidExpression
from shared.fhir.fhirpath.navigation import children_named
from shared.fhir.fhirpath.node import QUANTITIES, Node
from shared.fhir.fhirpath.operators import LOGIC, OPERATORS, as_type, negated
from shared.fhir.fhirpath.syntax import (
    Binary,
    Call,
    Expression,
    Indexer,
    Literal,
    Member,
    Negation,
    TypeOperator,
    Variable,
)
from shared.fhir.fhirpath.types import is_type

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shared.fhir.fhirpath.environment import Environment


class Frame(NamedTuple):
    """What `$this`, `$index` and `$total` are."""

    this: list[Node]
    place: int | None = None
    total: list[Node] | None = None


class Function(NamedTuple):
    """A function of FHIRPath and how many arguments it takes."""

    run: Callable[[Invocation], list[Node]]
    least: int = 0
    most: int = 0


class Machine:
    """One evaluation."""

    def __init__(self, environment: Environment, functions: Mapping[str, Function]) -> None:
        self.environment = environment
        self._functions = functions
        self.spend = environment.steps.spend

    def run(self, expression: Expression, frame: Frame) -> list[Node]:
        """Evaluate an expression; what it makes counts as steps too."""
        found = _RUN[type(expression)](self, expression, frame)
        self.spend(1 + len(found))
        return found

    def call(self, call: Call, frame: Frame) -> list[Node]:
        """Evaluate a function.

        :raises InvalidExpression: there is no such function, or not with these arguments.
        """
        function = self._functions.get(call.name)
        if function is None:
            raise InvalidExpression(f"There is no function {call.name}().")
        if not function.least <= len(call.arguments) <= function.most:
            raise InvalidExpression(f"The function {call.name}() takes other arguments.")
        given = frame.this if call.target is None else self.run(call.target, frame)
        return function.run(Invocation(self, given, call.arguments, frame))


class Invocation(NamedTuple):
    """A call of a function: its input, and its arguments still to be evaluated."""

    machine: Machine
    input: list[Node]
    arguments: tuple[Expression, ...]
    frame: Frame

    def collection(self, place: int = 0) -> list[Node]:
        """Evaluate an argument where the call stands."""
        return self.machine.run(self.arguments[place], self.frame)

    def value(self, place: int = 0) -> Any:  # noqa: ANN401
        """Evaluate an argument to its one value; None is nothing."""
        found = single(self.collection(place)) if place < len(self.arguments) else None
        return None if found is None else found.system

    def within(self, items: list[Node], place: int = 0, index: int | None = None) -> list[Node]:
        """Evaluate an argument with `$this` being some items of the input."""
        return self.machine.run(self.arguments[place], Frame(items, index, self.frame.total))

    def holds(self, index: int, place: int = 0) -> bool | None:
        """Tell whether a criterion holds for an item of the input."""
        return truth(self.within([self.input[index]], place, index))

    @property
    def simple(self) -> Any:  # noqa: ANN401
        """The one value of the input, as `only`.

        :raises InvalidExpression: it has parts, of which no text or number is made.
        """
        value = self.only
        if value is None and any(_has_parts(node) for node in self.input):
            raise InvalidExpression("A simple value is expected.")
        return value

    @property
    def only(self) -> Any:  # noqa: ANN401
        """The one value of the input; None is nothing."""
        found = single(self.input)
        return None if found is None else found.system


def _has_parts(node: Node) -> bool:
    # A Quantity of which the value is not known is as nothing.
    return type(node.value) is dict and node.type not in QUANTITIES


def _literal(_machine: Machine, literal: Literal, _frame: Frame) -> list[Node]:
    return [Node(literal.value, literal.type)] if literal.type else []


def _variable(machine: Machine, variable: Variable, frame: Frame) -> list[Node]:
    if variable.name == "$this":
        return frame.this
    if variable.name == "$index":
        return [] if frame.place is None else [Node(frame.place, "System.Integer")]
    if variable.name == "$total":
        return frame.total or []
    return machine.environment.variable(variable.name)


def _member(machine: Machine, member: Member, frame: Frame) -> list[Node]:
    if member.target is not None:
        targets = machine.run(member.target, frame)
    elif member.name[:1].isupper():
        # A path may begin with the type that it is about.
        return [node for node in frame.this if is_type(node, member.name)]
    else:
        targets = frame.this
    return [child for node in targets for child in children_named(node, member.name)]


def _call(machine: Machine, call: Call, frame: Frame) -> list[Node]:
    return machine.call(call, frame)


def _indexer(machine: Machine, indexer: Indexer, frame: Frame) -> list[Node]:
    found = machine.run(indexer.target, frame)
    place = single(machine.run(indexer.index, frame))
    number = None if place is None else place.system
    if number is not None and type(number) is not int:
        raise InvalidExpression("An index must be an integer.")
    return [] if number is None or number < 0 else found[number : number + 1]


def _negation(machine: Machine, negation: Negation, frame: Frame) -> list[Node]:
    return negated(machine.run(negation.operand, frame))


def _binary(machine: Machine, binary: Binary, frame: Frame) -> list[Node]:
    left = machine.run(binary.left, frame)
    if binary.operator in LOGIC:
        return LOGIC[binary.operator](left, lambda: machine.run(binary.right, frame))
    right = machine.run(binary.right, frame)
    # Membership and union compare each with each.
    machine.spend(len(left) + len(right))
    return OPERATORS[binary.operator](left, right)


def _type_operator(machine: Machine, test: TypeOperator, frame: Frame) -> list[Node]:
    return as_type(test.operator, machine.run(test.operand, frame), test.type)


_RUN: Final[dict[type, Callable[[Machine, Any, Frame], list[Node]]]] = {
    Literal: _literal,
    Variable: _variable,
    Member: _member,
    Call: _call,
    Indexer: _indexer,
    Negation: _negation,
    Binary: _binary,
    TypeOperator: _type_operator,
}
