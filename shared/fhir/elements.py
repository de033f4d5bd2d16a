"""Walks the objects of a resource by the definitions, each with its type and FHIRPath location.

Contained resources are part of the resource that holds them; those that a Bundle or Parameters
holds are roots of their own and are not entered.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from shared.fhir.definitions import RESOURCE_TYPES, type_definition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.fhir.reader import JsonObject

_TYPES = frozenset(RESOURCE_TYPES)


class Found(NamedTuple):
    """An object of a resource: `Patient.contact[0].organization`, a Reference."""

    location: str
    value: JsonObject
    type: str


@dataclass(frozen=True, slots=True)
class Shape:
    """The JSON keys of a type: objects with element name and type, links, narrative markup.

    `linking` are the keys of links and of markup together; `uuids` are links that hold no address.
    """

    type: str
    objects: dict[str, tuple[str, str]]
    links: frozenset[str]
    markup: frozenset[str]
    linking: frozenset[str]
    uuids: frozenset[str]


@cache
def shape(type_name: str) -> Shape:
    """Sort the keys of a type; a link is what a transaction may have to rewrite."""
    objects: dict[str, tuple[str, str]] = {}
    links = {"reference"} if type_name == "Reference" else set()
    markup, uuids = set(), set()
    elements = type_definition(type_name).elements.values()
    for name, key in ((element.name, key) for element in elements for key in element.keys):
        if type_definition(key.type).kind != "primitive":
            if key.type != "Resource" or key.json == "contained":
                objects[key.json] = (name, key.type)
            continue
        objects[f"_{key.json}"] = (name, "Element")
        if key.type in {"uri", "url", "oid", "uuid"}:
            links.add(key.json)
            uuids |= {key.json} if key.type == "uuid" else set()
        elif key.type == "xhtml":
            markup.add(key.json)
    return Shape(
        type_name,
        objects,
        frozenset(links),
        frozenset(markup),
        frozenset(links | markup),
        frozenset(uuids),
    )


def objects_in(root: JsonObject, root_type: str) -> Iterator[Found]:
    """Walk the root and every object inside it; what is not valid is passed over."""
    if root_type not in _TYPES:
        return
    waiting = [Found(root_type, root, root_type)]
    while waiting:
        found = waiting.pop()
        yield found
        objects = shape(found.type).objects
        for key, child in found.value.items():
            if key in objects:
                name, type_name = objects[key]
                waiting += _children(f"{found.location}.{name}", child, type_name)


def _children(location: str, child: Any, type_name: str) -> Iterator[Found]:  # noqa: ANN401
    if type(child) is list:
        for i, each in enumerate(child):
            yield from _children(f"{location}[{i}]", each, type_name)
    elif type(child) is dict:
        actual = _actual_type(child, type_name)
        if actual is not None:
            yield Found(location, child, actual)


def linking_objects(root: JsonObject, root_type: str) -> list[tuple[JsonObject, Shape]]:
    """Collect the objects that hold a link or markup, without their locations.

    Every write asks this of the whole resource, and only a refusal needs a location.
    """
    found: list[tuple[JsonObject, Shape]] = []
    if root_type in _TYPES:
        _collect(root, shape(root_type), found)
    return found


def _collect(value: JsonObject, kind: Shape, found: list[tuple[JsonObject, Shape]]) -> None:
    if not kind.linking.isdisjoint(value):
        found.append((value, kind))
    objects = kind.objects
    for key in filter(objects.__contains__, value):
        child, type_name = value[key], objects[key][1]
        for each in child if type(child) is list else (child,):
            actual = _actual_type(each, type_name) if type(each) is dict else None
            if actual is not None:
                _collect(each, shape(actual), found)


def _actual_type(value: JsonObject, type_name: str) -> str | None:
    if type_name != "Resource":
        return type_name
    named = value.get("resourceType")
    return named if type(named) is str and named in _TYPES else None
