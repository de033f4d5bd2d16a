"""The paths of all parameters of a type as one tree, so that each property is visited once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial, reduce
from typing import TYPE_CHECKING, Any

from shared.fhir.search.parameters import COLUMNS, served_parameters

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject
    from shared.fhir.search.collector import Collector
    from shared.fhir.search.expression import Condition, Step
    from shared.fhir.search.values import Converter


Visit = Callable[[Any, "Collector"], None]


@dataclass(slots=True)
class Node:
    """A place in the JSON of a type: what is indexed there, and where the paths go on."""

    converters: list[tuple[int, Converter]] = field(default_factory=list)
    branches: dict[str, list[tuple[Condition | None, Node]]] = field(default_factory=dict)

    def follow(self, step: Step) -> Node:
        """Give the node below, made when it is new."""
        ways = self.branches.setdefault(step.key, [])
        known = next((node for condition, node in ways if condition == step.condition), None)
        if known is None:
            known = Node()
            ways.append((step.condition, known))
        return known

    @property
    def numbers(self) -> frozenset[int]:
        """The parameters that have a value where there is one here."""
        return frozenset(number for number, _ in self.converters if number)

    def compile(self) -> Visit:
        """Make the function that indexes a value at this place, and all that is below it."""
        converters = tuple(convert for _, convert in self.converters)
        ways = {key: _way(found) for key, found in self.branches.items()}
        if not ways:
            return converters[0] if len(converters) == 1 else partial(_convert, converters)

        def visit(value: Any, collector: Collector) -> None:  # noqa: ANN401
            for convert in converters:
                convert(value, collector)
            for key, child in value.items():
                if key in ways:
                    ways[key](child, collector)

        return visit


def _convert(converters: tuple[Visit, ...], value: Any, collector: Collector) -> None:  # noqa: ANN401
    for convert in converters:
        convert(value, collector)


def _way(branches: list[tuple[Condition | None, Node]]) -> Visit:
    """Make the function that indexes what a key holds: a value, or a list of them."""
    if len(branches) == 1 and branches[0][0] is None:
        return _to_all(branches[0][1])
    ways = [(condition, node.compile(), node.numbers) for condition, node in branches]

    def way(child: Any, collector: Collector) -> None:  # noqa: ANN401
        for place, each in enumerate(child if type(child) is list else (child,)):
            if each is None:
                continue
            for condition, visit, numbers in ways:
                if condition is None or condition.holds(each, place, collector.root):
                    collector.present |= numbers
                    visit(each, collector)

    return way


def _to_all(node: Node) -> Visit:
    visit, numbers = node.compile(), node.numbers

    def way(child: Any, collector: Collector) -> None:  # noqa: ANN401
        if type(child) is not list:
            collector.present |= numbers
            visit(child, collector)
            return
        for each in child:
            # A null stands in a list for a value that has only extensions.
            if each is not None:
                collector.present |= numbers
                visit(each, collector)

    return way


@cache
def trie(resource_type: str) -> Visit:
    """Compile the tree of a type."""
    root = Node()
    for code, parameter in served_parameters(resource_type).items():
        if code in COLUMNS or parameter.is_derived:
            continue
        for path, converter in (*parameter.converters(), *parameter.text_converters()):
            node = reduce(Node.follow, path.steps, root)
            # A composite says itself of which elements it has all parts.
            number = 0 if parameter.parts else parameter.number
            node.converters.append((number, converter))
    visit, numbers = root.compile(), root.numbers

    def visit_root(resource: JsonObject, collector: Collector) -> None:
        collector.present |= numbers
        visit(resource, collector)

    return visit_root
