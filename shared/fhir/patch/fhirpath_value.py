"""The value that a FHIRPath Patch gives an element: a value[x], a resource, or parts by name.

https://hl7.org/fhir/R4/fhirpatch.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.fhir.definitions import type_definition
from shared.fhir.errors import RuleViolation
from shared.fhir.patch.pairs import has, pairs_at, put, put_pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.fhir.definitions.structures import Element, Key
    from shared.fhir.patch.pairs import Pair
    from shared.fhir.reader import JsonObject


def element_of(type_name: str, name: str) -> Element:
    """Find an element of a type by its name in FHIRPath.

    :raises RuleViolation: the type has none.
    """
    found = type_definition(type_name).elements.get(name)
    if found is None:
        raise RuleViolation(f"{type_name} has no element {name[:64]!r}.")
    return found


def is_list(element: Element) -> bool:
    """Tell whether an element is an array in JSON."""
    return element.max is None or element.max > 1


def put_in(holder: JsonObject, element: Element, given: JsonObject) -> None:
    """Give a value to an element, in addition to those of its list.

    :raises RuleViolation: it has one already and takes no more, or not such a one.
    """
    key, pair = value_for(element, given)
    if is_list(element):
        put_pairs(holder, key, [*pairs_at(holder, key), pair])
    elif any(has(holder, each.json) for each in element.keys):
        raise RuleViolation(f"{element.name} is there already, and does not repeat.")
    else:
        put(holder, key, pair)


def value_for(element: Element, given: JsonObject) -> tuple[str, Pair]:
    """Give the JSON key and the pair of a value; what it is in detail is for validation to check.

    :raises RuleViolation: there is no value, or its type is none of the element's.
    """
    if "part" in given:
        key = _only(element)
        return key.json, (_made_of_parts(given["part"], key.type), None)
    if "resource" in given:
        return _only(element).json, (given["resource"], None)
    named = next((name for name in given if name.lstrip("_").startswith("value")), None)
    if named is None:
        raise RuleViolation(f"{element.name} is given no value.")
    name = named.lstrip("_")
    pair = given.get(name), given.get(f"_{name}")
    return _key(element, name.removeprefix("value")).json, pair


def _key(element: Element, type_name: str) -> Key:
    if not element.choice:
        return element.keys[0]
    wanted = f"{element.name}{type_name}"
    for key in element.keys:
        if key.json == wanted:
            return key
    raise RuleViolation(f"{element.name} cannot be a {type_name}.")


def _only(element: Element) -> Key:
    if element.choice:
        raise RuleViolation(f"{element.name} must be given as a value of one of its types.")
    return element.keys[0]


def _made_of_parts(parts: Sequence[Any], type_name: str) -> JsonObject:
    made: JsonObject = {}
    for part in parts:
        put_in(made, element_of(type_name, part["name"]), part)
    return made
