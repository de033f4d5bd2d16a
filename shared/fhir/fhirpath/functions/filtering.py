"""Which items, parts of items, or items of another collection too.

https://hl7.org/fhirpath/N1/index.html#filtering-and-projection
https://hl7.org/fhirpath/N1/index.html#subsetting
https://hl7.org/fhirpath/N1/index.html#combining
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.fhir.fhirpath.collections import distinct, identity, single, truth
from shared.fhir.fhirpath.errors import InvalidExpression
from shared.fhir.fhirpath.machine import Frame, Function
from shared.fhir.fhirpath.operators import as_type
from shared.fhir.fhirpath.syntax import Member

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.fhir.fhirpath.machine import Invocation
    from shared.fhir.fhirpath.node import Node
    from shared.fhir.fhirpath.syntax import Expression


def _where(call: Invocation) -> list[Node]:
    return [node for index, node in enumerate(call.input) if call.holds(index)]


def _select(call: Invocation) -> list[Node]:
    return [
        each for index, node in enumerate(call.input) for each in call.within([node], index=index)
    ]


def _repeat(call: Invocation) -> list[Node]:
    found: dict[object, Node] = {}
    level = call.input
    while level:
        reached = [each for node in level for each in call.within([node])]
        level = [each for each in distinct(reached) if identity(each) not in found]
        found |= {identity(each): each for each in level}
    return list(found.values())


def _type_name(expression: Expression) -> str:
    if isinstance(expression, Member):
        if expression.target is None:
            return expression.name
        return f"{_type_name(expression.target)}.{expression.name}"
    raise InvalidExpression("The name of a type is expected.")


def _typed(operator: str) -> Function:
    def run(call: Invocation) -> list[Node]:
        return as_type(operator, call.input, _type_name(call.arguments[0]))

    return Function(run, 1, 1)


def _count(call: Invocation) -> int:
    value = call.value()
    if type(value) is not int:
        raise InvalidExpression("A number of items is expected.")
    return max(0, value)


def _single(call: Invocation) -> list[Node]:
    found = single(call.input)
    return [] if found is None else [found]


def _intersect(call: Invocation) -> list[Node]:
    others = {identity(node) for node in call.collection()}
    return distinct(node for node in call.input if identity(node) in others)


def _exclude(call: Invocation) -> list[Node]:
    others = {identity(node) for node in call.collection()}
    return [node for node in call.input if identity(node) not in others]


def _iif(call: Invocation) -> list[Node]:
    if truth(call.within(call.input)):
        return call.within(call.input, 1)
    return call.within(call.input, 2) if len(call.arguments) > 2 else []


def _aggregate(call: Invocation) -> list[Node]:
    total = call.collection(1) if len(call.arguments) > 1 else []
    for index, node in enumerate(call.input):
        total = call.machine.run(call.arguments[0], Frame([node], index, total))
    return total


FUNCTIONS: Final[Mapping[str, Function]] = {
    "where": Function(_where, 1, 1),
    "select": Function(_select, 1, 1),
    "repeat": Function(_repeat, 1, 1),
    "ofType": _typed("as"),
    "as": _typed("as"),
    "is": _typed("is"),
    "single": Function(_single),
    "first": Function(lambda call: call.input[:1]),
    "last": Function(lambda call: call.input[-1:]),
    "tail": Function(lambda call: call.input[1:]),
    "skip": Function(lambda call: call.input[_count(call) :], 1, 1),
    "take": Function(lambda call: call.input[: _count(call)], 1, 1),
    "intersect": Function(_intersect, 1, 1),
    "exclude": Function(_exclude, 1, 1),
    "union": Function(lambda call: distinct([*call.input, *call.collection()]), 1, 1),
    "combine": Function(lambda call: [*call.input, *call.collection()], 1, 1),
    "iif": Function(_iif, 2, 3),
    "aggregate": Function(_aggregate, 1, 2),
}
