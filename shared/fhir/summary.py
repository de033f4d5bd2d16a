"""Cuts a resource down to what its reader asks for by `_summary` or `_elements`; pure.

Whatever is asked for, `id`, `meta`, and what is mandatory or modifies the rest stay. What was cut
says so by the tag SUBSETTED, so that nobody takes it for the whole.

https://hl7.org/fhir/R4/search.html#summary
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final

from shared.fhir.definitions import type_definition
from shared.fhir.errors import InvalidSearch
from shared.fhir.meta import with_labels

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from shared.fhir.definitions import Element
    from shared.fhir.reader import JsonObject
    from shared.fhir.search.query import Result

SUBSETTED: Final = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
    "display": "subsetted",
}
_ALWAYS: Final = frozenset({"resourceType", "id", "meta"})
# A summary goes no deeper into these: an extension means nothing without its value, and a resource
# inside another is of its own type.
_KEPT_WHOLE: Final = frozenset({"primitive", "resource"})


def check_subset(resource_types: Sequence[str], result: Result) -> None:
    """Check that resources of these types can be cut as it is asked for.

    :raises InvalidSearch: when none of the types has such an element, or two cuts are asked for.
    """
    if result.elements and result.summary not in {None, "false"}:
        raise InvalidSearch("_elements and _summary may not be given together.")
    for element in result.elements:
        if not any(_bare(element) in type_definition(each).elements for each in resource_types):
            raise InvalidSearch(f"_elements: {_no_element(element, resource_types)}")


def subset(resource: JsonObject, result: Result) -> JsonObject:
    """Give what is asked for of a resource; the resource itself where that is all of it."""
    left = _left(resource, result)
    if left == resource:
        return resource
    tagged = with_labels(resource.get("meta", {}), {"tag": [SUBSETTED]})
    head = {name: resource[name] for name in ("resourceType", "id") if name in resource}
    return head | {"meta": tagged} | {name: left[name] for name in left if name not in _ALWAYS}


def _left(resource: JsonObject, result: Result) -> JsonObject:
    resource_type: str = resource["resourceType"]
    if result.elements:
        asked = frozenset(map(_bare, result.elements))
        return _only(resource, _properties(resource_type, asked))
    match result.summary:
        case "true":
            return _summary(resource, resource_type)
        case "text":
            return _only(resource, _properties(resource_type, frozenset({"text"})))
        case "data":
            return {name: value for name, value in resource.items() if name != "text"}
    return resource


def _only(resource: JsonObject, kept: Container[str]) -> JsonObject:
    return {name: value for name, value in resource.items() if _plain(name) in kept}


def _summary(value: JsonObject, type_name: str) -> JsonObject:
    kept = _summary_properties(type_name)
    left = {
        name: _inner(inner, kept[_plain(name)])
        for name, inner in value.items()
        if _plain(name) in kept
    }
    # An object may not be empty: one that says all by an extension keeps it.
    return left or value


def _inner(value: Any, type_name: str | None) -> Any:  # noqa: ANN401
    if type_name is None:
        return value
    if isinstance(value, list):
        return [_summary(each, type_name) for each in value]
    return _summary(value, type_name)


# What a client may ask for has no end.
@lru_cache(maxsize=1024)
def _properties(resource_type: str, asked: frozenset[str]) -> frozenset[str]:
    """Name the JSON properties of the elements asked for, and of those that always stay."""
    stay = {
        key.json
        for name, element in type_definition(resource_type).elements.items()
        if name in asked or _must_stay(element)
        for key in element.keys
    }
    return _ALWAYS | stay


@cache
def _summary_properties(type_name: str) -> Mapping[str, str | None]:
    """Name the JSON properties in a summary of a type, each with the type to go on with."""
    definition = type_definition(type_name)
    kept = {
        key.json: key.type if _is_cut(key.type) else None
        for element in definition.elements.values()
        if element.summary or _must_stay(element)
        for key in element.keys
    }
    return kept | (dict.fromkeys(_ALWAYS) if definition.kind == "resource" else {})


def _must_stay(element: Element) -> bool:
    return element.min > 0 or element.modifier


def _is_cut(type_name: str) -> bool:
    return type_name != "Extension" and type_definition(type_name).kind not in _KEPT_WHOLE


def _plain(name: str) -> str:
    # Of a primitive, `_name` holds the extensions.
    return name.removeprefix("_")


def _bare(element: str) -> str:
    return element.removesuffix("[x]")


def _no_element(element: str, resource_types: Sequence[str]) -> str:
    if len(resource_types) > 1:
        return f"no type has an element '{element}'."
    listed = ", ".join(type_definition(resource_types[0]).elements)
    return f"{resource_types[0]} has no element '{element}'; valid are {listed}."
