"""From an element to its children, by the definitions: choices, twins and resources within.

https://hl7.org/fhir/R4/fhirpath.html#polymorphism
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from shared.fhir.definitions import TYPE_CODE, type_definition
from shared.fhir.fhirpath.node import Node

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shared.fhir.reader import JsonObject


class _Way(NamedTuple):
    name: str
    key: str
    type: str
    primitive: bool


class _Ways(NamedTuple):
    by_name: Mapping[str, tuple[_Way, ...]]
    by_key: Mapping[str, _Way]


def children_named(node: Node, name: str) -> Iterator[Node]:
    """Give the children of one element's name; a choice has them under whichever key it is."""
    holder, ways = _inside(node)
    for way in ways.by_name.get(name, ()) if holder else ():
        yield from _at(node, holder, way)


def children(node: Node) -> Iterator[Node]:
    """Give all children, in the order of the JSON."""
    holder, ways = _inside(node)
    for key in holder:
        way = ways.by_key.get(key)
        if way is not None and (key == way.key or way.key not in holder):
            yield from _at(node, holder, way)


def _inside(node: Node) -> tuple[JsonObject, _Ways]:
    # The children of a primitive, id and extensions, stand in its twin.
    if type(node.value) is dict:
        return node.value, _ways(node.type)
    return node.twin or {}, _ways("Element")


def _at(parent: Node, holder: JsonObject, way: _Way) -> Iterator[Node]:
    value = holder.get(way.key)
    twin = holder.get(f"_{way.key}") if way.primitive else None
    if type(value) is list or type(twin) is list:
        yield from _each(parent, way, _as_list(value), _as_list(twin))
    elif value is not None or twin is not None:
        yield _node(parent, way, value, twin, None)


def _each(parent: Node, way: _Way, found: list[Any], twins: list[Any]) -> Iterator[Node]:
    for index in range(max(len(found), len(twins))):
        value = found[index] if index < len(found) else None
        twin = twins[index] if index < len(twins) else None
        if value is not None or twin is not None:
            yield _node(parent, way, value, twin, index)


def _as_list(value: Any) -> list[Any]:  # noqa: ANN401
    return value if type(value) is list else []


def _node(parent: Node, way: _Way, value: Any, twin: Any, index: int | None) -> Node:  # noqa: ANN401
    type_name = way.type
    if type_name == "Resource" and type(value) is dict:
        said = value.get("resourceType")
        type_name = said if type(said) is str and said in TYPE_CODE else type_name
    inner = twin if type(twin) is dict else None
    return Node(
        value, type_name, twin=inner, parent=parent, name=way.name, key=way.key, index=index
    )


@cache
def _ways(type_name: str) -> _Ways:
    if type_name == "System.TypeInfo":
        names = [_Way(name, name, "System.String", primitive=False) for name in _TYPE_INFO]
    elif type_name.startswith("System."):
        names = []
    else:
        names = [
            _Way(element.name, key.json, key.type, type_definition(key.type).kind == "primitive")
            for element in type_definition(type_name).elements.values()
            for key in element.keys
        ]
    by_name: dict[str, tuple[_Way, ...]] = {}
    by_key: dict[str, _Way] = {}
    for way in names:
        by_name[way.name] = (*by_name.get(way.name, ()), way)
        by_key[way.key] = way
        if way.primitive:
            by_key[f"_{way.key}"] = way
    return _Ways(by_name, by_key)


_TYPE_INFO = ("namespace", "name")
