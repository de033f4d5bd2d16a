"""What each R4 type consists of: resources, datatypes and the backbone types inside them.

A backbone type goes by its path (`Observation.component`). SimpleQuantity and MoneyQuantity, which
R4 writes as profiles, are types of their own.

https://hl7.org/fhir/R4/types.html
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Literal

import msgspec

from shared.fhir.definitions.data import read_data

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["resource", "complex", "primitive", "backbone"]


class Key(msgspec.Struct, frozen=True, array_like=True):
    """One JSON property of an element, with its type and what a Reference may point to.

    No targets means any.
    """

    json: str
    type: str
    targets: tuple[str, ...] = ()


class Element(msgspec.Struct, frozen=True, array_like=True):
    """An element: `max` is None for `*`, and a choice `[x]` has one key per type.

    `summary` says that it stands in a summary, `modifier` that it changes what others mean.
    """

    name: str
    min: int
    max: int | None
    choice: bool
    keys: tuple[Key, ...]
    summary: bool = False
    modifier: bool = False
    binding: str | None = None


class TypeDefinition(msgspec.Struct, frozen=True):
    """A type and its elements by name, in the order of the specification."""

    name: str
    kind: Kind
    elements: Mapping[str, Element]


RESOURCE_TYPES: tuple[str, ...] = tuple(msgspec.json.decode(read_data("resource_types.json")))
# R4 is frozen, so the place in the sorted list is a stable number.
TYPE_CODE: Mapping[str, int] = {name: code for code, name in enumerate(RESOURCE_TYPES, 1)}
TYPE_NAME: Mapping[int, str] = dict(enumerate(RESOURCE_TYPES, 1))


@cache
def type_definition(name: str) -> TypeDefinition:
    """Find the definition of a type.

    :raises KeyError: R4 has no such type.
    """
    kind, elements = msgspec.json.decode(_lines()[name], type=tuple[Kind, tuple[Element, ...]])
    return TypeDefinition(name, kind, {element.name: element for element in elements})


@cache
def type_names() -> tuple[str, ...]:
    """Name every type that has a definition."""
    return tuple(_lines())


@cache
def _lines() -> dict[str, msgspec.Raw]:
    return msgspec.json.decode(read_data("structures.json"), type=dict[str, msgspec.Raw])
