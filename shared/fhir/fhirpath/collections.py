"""Collections: their truth, their one item, and what is distinct in them.

https://hl7.org/fhirpath/N1/index.html#collections
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from jiter import LosslessFloat

from shared.fhir.fhirpath.errors import InvalidExpression
from shared.fhir.fhirpath.node import decimal_of, system_node
from shared.fhir.fhirpath.quantity import MILLISECONDS, Quantity
from shared.fhir.fhirpath.temporal import Temporal

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from shared.fhir.fhirpath.node import Node


def single(nodes: Sequence[Node]) -> Node | None:
    """Give the one item, or None of an empty collection.

    :raises InvalidExpression: there are several.
    """
    if len(nodes) > 1:
        raise InvalidExpression("A single value is expected where there are several.")
    return nodes[0] if nodes else None


def truth(nodes: Sequence[Node]) -> bool | None:
    """Give the truth of a collection: of its boolean, None of nothing, true of another value.

    :raises InvalidExpression: there are several items.
    """
    found = single(nodes)
    value = None if found is None else found.system
    if isinstance(value, bool):
        return value
    return None if found is None or found.value is None else True


def answer(value: Any) -> list[Node]:  # noqa: ANN401
    """Make the collection of a computed value; None is empty."""
    return [] if value is None else [system_node(value)]


def distinct(nodes: Iterable[Node]) -> list[Node]:
    """Keep the first of those that are equal, in their order."""
    found: dict[Hashable, Node] = {}
    for node in nodes:
        found.setdefault(identity(node), node)
    return list(found.values())


def identity(node: Node) -> Hashable:
    """Give what equal items have in common."""
    value = node.system
    if value is None:
        return frozen(node.twin if node.value is None else node.value)
    if isinstance(value, Temporal):
        moment = value.at_utc() if value.offset is not None else value
        return (moment.kind == "time", moment.parts, moment.offset)
    if isinstance(value, Quantity):
        unit = value.plain_unit
        return (value.value * MILLISECONDS.get(unit, 1), "ms" if unit in MILLISECONDS else unit)
    return frozen(value)


def frozen(value: Any) -> Hashable:  # noqa: ANN401
    """Make a JSON value hashable; numbers are the same whatever their digits."""
    if type(value) is dict:
        return frozenset((key, frozen(each)) for key, each in value.items())
    if type(value) is list:
        return tuple(map(frozen, value))
    if type(value) is LosslessFloat or type(value) is int:
        return ("number", decimal_of(value))
    return ("number", value) if isinstance(value, Decimal) else (type(value), value)
