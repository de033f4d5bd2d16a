"""The search parameters of each resource type, and the compartments made of them.

https://hl7.org/fhir/R4/searchparameter-registry.html
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Literal

import msgspec

from shared.fhir.definitions.data import read_data
from shared.fhir.definitions.structures import type_definition

if TYPE_CHECKING:
    from collections.abc import Mapping

SearchType = Literal[
    "token",
    "string",
    "date",
    "reference",
    "uri",
    "number",
    "quantity",
    "composite",
    "special",
]


class ComponentDefinition(msgspec.Struct, frozen=True, array_like=True):
    """A part of a composite: its parameter's url, and the path from the composite's element."""

    definition: str
    expression: str


class SearchParameterDefinition(msgspec.Struct, frozen=True):
    """A parameter as one type has it: the expression holds this type's alternatives only.

    `number` is the rank of the code among all codes of R4. A special one has no expression.
    """

    number: int
    code: str
    type: SearchType
    expression: str
    targets: tuple[str, ...]
    components: tuple[ComponentDefinition, ...]
    url: str
    description: str


class _Line(msgspec.Struct, frozen=True, array_like=True):
    base: str
    code: str
    type: SearchType
    expression: str
    targets: tuple[str, ...]
    components: tuple[ComponentDefinition, ...]
    url: str
    description: str


@cache
def search_parameters(resource_type: str) -> Mapping[str, SearchParameterDefinition]:
    """Find the parameters of a type by code, with those that every resource has."""
    own = dict(_by_base().get(resource_type, {}))
    if resource_type != "Resource":
        is_domain_resource = "text" in type_definition(resource_type).elements
        own |= _by_base()["Resource"]
        own |= _by_base()["DomainResource"] if is_domain_resource else {}
    return dict(sorted(own.items()))


@cache
def compartment_parameters(compartment: str, resource_type: str) -> tuple[str, ...]:
    """Name the parameters that put a resource of this type into a compartment.

    The resource that a compartment is of (the Patient itself) is in it without any.
    """
    return tuple(_compartments()[compartment].get(resource_type, ()))


@cache
def _by_base() -> dict[str, dict[str, SearchParameterDefinition]]:
    lines = msgspec.json.decode(read_data("search_parameters.json"), type=list[_Line])
    number = {code: rank for rank, code in enumerate(sorted({line.code for line in lines}), 1)}
    found: dict[str, dict[str, SearchParameterDefinition]] = {}
    for line in lines:
        found.setdefault(line.base, {})[line.code] = SearchParameterDefinition(
            number=number[line.code],
            code=line.code,
            type=line.type,
            expression=line.expression,
            targets=line.targets,
            components=line.components,
            url=line.url,
            description=line.description,
        )
    return found


@cache
def _compartments() -> dict[str, dict[str, list[str]]]:
    return msgspec.json.decode(read_data("compartments.json"), type=dict[str, dict[str, list[str]]])
