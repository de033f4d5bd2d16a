"""The paths of all parameters of a type as one tree, so that each property is visited once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache, partial, reduce
from typing import TYPE_CHECKING, Any

from shared.fhir.search.parameters import COLUMNS, served_parameters
from shared.fhir.search.recall import RECALLING

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject
    from shared.fhir.search.collector import Collector
    from shared.fhir.search.expression import Condition, Step
    from shared.fhir.search.parameters import Parameter
    from shared.fhir.search.values import Converter


Visit = Callable[[Any, "Collector"], None]
# What a value must be, the parameters that it then is a value of, and how it is indexed.
Way = tuple["Condition | None", frozenset[int], Visit]


@dataclass(slots=True)
class Node:
    """A place in the JSON of a type: what is indexed there, and where the paths go on."""

    type: str = ""
    repeats: bool = True
    converters: list[tuple[int, Converter]] = field(default_factory=list)
    branches: dict[str, list[tuple[Condition | None, Node]]] = field(default_factory=dict)

    def follow(self, step: Step) -> Node:
        """Give the node below, made when it is new."""
        ways = self.branches.setdefault(step.key, [])
        known = next((node for condition, node in ways if condition == step.condition), None)
        if known is None:
            known = Node(repeats=step.repeats)
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
    ways = [(condition, node.numbers, node.compile()) for condition, node in branches]
    if any(condition is not None and condition.kind == "place" for condition, _ in branches):
        return partial(_visit_by_place, ways)
    visit = _visitor(ways)
    nodes = [node for _, node in branches]
    types = {node.type for node in nodes}
    if len(types) == 1 and types <= RECALLING.keys() and not any(node.branches for node in nodes):
        visit = RECALLING[types.pop()](visit)
    return _to_all(visit) if nodes[0].repeats else visit


def _to_all(visit: Visit) -> Visit:
    def way(child: Any, collector: Collector) -> None:  # noqa: ANN401
        for each in child:
            # A null stands in a list for a value that has only extensions.
            if each is not None:
                visit(each, collector)

    return way


def _visitor(ways: list[Way]) -> Visit:
    """Make the function that indexes a value, by those of the ways that it is selected for."""
    [(condition, numbers, visit), *others] = ways
    if condition is None and not others:

        def visit_all(value: Any, collector: Collector) -> None:  # noqa: ANN401
            collector.present |= numbers
            visit(value, collector)

        return visit_all
    return partial(_visit_selected, ways)


def _visit_selected(ways: list[Way], value: Any, collector: Collector, place: int = 0) -> None:  # noqa: ANN401
    for condition, numbers, visit in ways:
        if condition is None or condition.holds(value, place, collector.root):
            collector.present |= numbers
            visit(value, collector)


def _visit_by_place(ways: list[Way], child: Any, collector: Collector) -> None:  # noqa: ANN401
    for place, each in enumerate(child if type(child) is list else (child,)):
        if each is not None:
            _visit_selected(ways, each, collector, place)


@cache
def trie(resource_type: str) -> Visit:
    """Compile the tree of a type."""
    return tree(served_parameters(resource_type).values())


def tree(parameters: Iterable[Parameter]) -> Visit:
    """Compile the tree of parameters of one type."""
    root = Node()
    for parameter in parameters:
        if parameter.code in COLUMNS or parameter.is_derived:
            continue
        for path, converter in (*parameter.converters(), *parameter.text_converters()):
            node = reduce(Node.follow, path.steps, root)
            # A composite says itself of which elements it has all parts.
            number = 0 if parameter.parts else parameter.number
            node.converters.append((number, converter))
            node.type = path.type
    visit, numbers = root.compile(), root.numbers

    def visit_root(resource: JsonObject, collector: Collector) -> None:
        collector.present |= numbers
        visit(resource, collector)

    return visit_root
