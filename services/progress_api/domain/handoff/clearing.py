"""Takes what may not be told out of a person's resources, and all that leads to it.

What was derived from it goes too, and every reference to it, with the element that cannot do
without; what lost a reference loses its narrative, which may tell what the reference led to.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from services.progress_api.domain.handoff.document import name_of
from shared.care.canonical import CAUSE
from shared.fhir.definitions import type_definition
from shared.fhir.references import parse_reference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from services.progress_api.domain.handoff.document import Name
    from shared.fhir.definitions import Element
    from shared.fhir.reader import JsonObject


def cleared(
    resources: Sequence[JsonObject],
    may_be_told: Callable[[JsonObject], bool],
    bases: tuple[str, ...],
) -> list[JsonObject]:
    """Give what may be told, each as if what may not were not in the record at all."""
    gone = {name_of(each) for each in resources if not may_be_told(each)}
    while True:
        told = [_told(each, gone, bases) for each in resources if name_of(each) not in gone]
        kept = [each for each in told if each is not None]
        lost = {name_of(each) for each in resources} - {name_of(each) for each in kept}
        if lost == gone:
            return kept
        gone = lost


def _told(resource: JsonObject, gone: set[Name], bases: tuple[str, ...]) -> JsonObject | None:
    if any(_leads_to(each, gone, bases) for each in _evidence(resource)):
        return None
    kept = _without(resource, resource["resourceType"], gone, bases)
    if kept is not None and kept != resource:
        kept.pop("text", None)
    return kept


def _evidence(resource: JsonObject) -> Iterator[JsonObject]:
    yield from resource.get("derivedFrom", ())
    # A warning names what raised it by its identifier alone.
    if resource["resourceType"] == "Flag":
        for each in resource.get("identifier", ()):
            if each.get("system") == CAUSE:
                yield {"reference": "/".join(str(each.get("value", "")).split("/")[:2])}


def _without(
    value: JsonObject, type_name: str, gone: set[Name], bases: tuple[str, ...]
) -> JsonObject | None:
    """Copy an object without references to what is gone; None where it cannot do without."""
    if type_name == "Reference" and _leads_to(value, gone, bases):
        return None
    kept: JsonObject = {}
    objects = _objects(type_name)
    for name, child in value.items():
        if name not in objects:
            kept[name] = child
            continue
        element, child_type = objects[name]
        left = _children(child, child_type, gone, bases)
        if left:
            kept[name] = left
        elif element.min:
            return None
    is_hollow = kept.keys() <= {"id", "url"} and kept != value
    return None if is_hollow else kept


def _children(child: Any, type_name: str, gone: set[Name], bases: tuple[str, ...]) -> Any:  # noqa: ANN401
    if isinstance(child, list):
        found = (_children(each, type_name, gone, bases) for each in child)
        return [each for each in found if each]
    if type_name == "Resource":
        return _without(child, child["resourceType"], gone, bases)
    return _without(child, type_name, gone, bases)


@cache
def _objects(type_name: str) -> Mapping[str, tuple[Element, str]]:
    """Give the JSON keys of a type that hold objects, each with its element and type."""
    elements = type_definition(type_name).elements.values()
    return {
        key.json: (element, key.type)
        for element in elements
        for key in element.keys
        if type_definition(key.type).kind != "primitive"
    }


def _leads_to(reference: JsonObject, gone: set[Name], bases: tuple[str, ...]) -> bool:
    link = parse_reference(reference.get("reference", ""), bases)
    return link.kind == "local" and (str(link.type), str(link.id)) in gone
