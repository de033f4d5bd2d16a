"""The paths of all parameters of a type as one tree, so that each property is visited once."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, reduce
from typing import TYPE_CHECKING, Any

from shared.fhir.search.parameters import COLUMNS, served_parameters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.fhir.search.collector import Collector
    from shared.fhir.search.expression import Condition, Step
    from shared.fhir.search.values import Converter


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

    def visit(self, value: Any, collector: Collector) -> None:  # noqa: ANN401
        """Index a value at this place and all that is below it."""
        for number, convert in self.converters:
            collector.present.add(number)
            convert(value, collector)
        if not self.branches:
            return
        for key, child in value.items():
            for condition, node in self.branches.get(key, ()):
                if type(child) is list:
                    node.visit_each(child, condition, collector)
                elif condition is None or condition.holds(child, 0, collector.root):
                    node.visit(child, collector)

    def visit_each(
        self, values: Sequence[Any], condition: Condition | None, collector: Collector
    ) -> None:
        """Index those of some values at this place for which the condition holds."""
        for place, each in enumerate(values):
            # A null stands in a list for a value that has only extensions.
            if each is not None and (
                condition is None or condition.holds(each, place, collector.root)
            ):
                self.visit(each, collector)


@cache
def trie(resource_type: str) -> Node:
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
    return root
