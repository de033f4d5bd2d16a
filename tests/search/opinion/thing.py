"""A resource as the second opinion sees it: the values of each of its parameters."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from shared.fhir.definitions import SearchParameterDefinition, search_parameters
from tests.search.opinion.paths import Node, kinds, select
from tests.search.opinion.problem import Unknown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


def defined(resource_type: str, code: str) -> SearchParameterDefinition:
    """Find a parameter that a type has, and that can be searched by."""
    found = search_parameters(resource_type).get(code)
    if found is None or found.type == "special":
        raise Unknown(code)
    return found


def check_alike(resource_types: Sequence[str], name: str) -> None:
    """Refuse what types that are searched together do not all have as a parameter of one type.

    :raises Unknown: it is such.
    """
    if not name.startswith("_has:"):
        code = re.split("[:.]", name)[0]
        if len({defined(each, code).type for each in resource_types}) > 1:
            raise Unknown(name)


@cache
def types_of(resource_type: str, code: str) -> frozenset[str]:
    """Name the types that the values of a parameter can have."""
    return frozenset(kinds(defined(resource_type, code).expression, resource_type))


class Part(NamedTuple):
    """A part of a composite: its parameter, and where its values stand in an element."""

    code: str
    types: frozenset[str]
    whole: str
    expression: str

    def inside(self, element: Node) -> list[Node]:
        """Find its values; where the element is the whole resource, all that it has by itself."""
        is_whole = element.value is element.root
        found = select(self.whole if is_whole else self.expression, element)
        return [each for each in found if each.type in self.types]


@cache
def composite_parts(resource_type: str, code: str) -> tuple[Part, ...]:
    """Find the parts of a composite."""
    codes = {each.url: name for name, each in search_parameters(resource_type).items()}
    found = defined(resource_type, code)
    own = [codes[each.definition] for each in found.components]
    parts = []
    for place, each in enumerate(found.components):
        name = own[place]
        if not _suits(resource_type, found.expression, each.expression, name):
            # R4 has the two of `relationship` the wrong way round.
            name = own[1 - place]
        alternatives = defined(resource_type, name).expression.split(" | ")
        whole = " | ".join(way for way in alternatives if ".component" not in way)
        parts.append(Part(name, types_of(resource_type, name), whole, each.expression))
    return tuple(parts)


def _suits(resource_type: str, holder: str, expression: str, part: str) -> bool:
    if expression.startswith("%"):
        return True
    found = {each for name in kinds(holder, resource_type) for each in kinds(expression, name)}
    return bool(found & types_of(resource_type, part))


class Thing:
    """A resource, and when it was written; those with a lower `place` were there before."""

    def __init__(self, resource: dict[str, Any], updated: datetime, place: int) -> None:
        self.resource, self.updated, self.place = resource, updated, place
        self.type: str = resource["resourceType"]
        self.id: str = resource["id"]
        self._nodes: dict[str, list[Node]] = {}

    @property
    def key(self) -> tuple[str, str]:
        """Its type and id."""
        return self.type, self.id

    def nodes(self, code: str) -> list[Node]:
        """Give the values of a parameter."""
        if code not in self._nodes:
            whole = Node(self.resource, self.type, self.resource)
            self._nodes[code] = select(defined(self.type, code).expression, whole)
        return self._nodes[code]

    def has(self, code: str) -> bool:
        """Tell whether a parameter has any value; a composite, one of each part."""
        parts = composite_parts(self.type, code)
        return any(all(part.inside(node) for part in parts) for node in self.nodes(code))
