"""The parameters by which resources refer to one another, as chains, `_has` and includes use them.

What a reference leads to is known by its place in the record, what a canonical address leads to by
its url: definitions only have one.

https://hl7.org/fhir/R4/search.html#chaining
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from shared.fhir.definitions import RESOURCE_TYPES
from shared.fhir.errors import InvalidSearch
from shared.fhir.search.parameters import is_view, served_parameters
from shared.fhir.search.stored import NOTHING, Stored

if TYPE_CHECKING:
    from shared.fhir.search.parameters import Parameter

# A uri stands where an older release had a canonical.
CANONICAL_TYPES: Final = frozenset({"canonical", "uri"})


class NoParameter(InvalidSearch):
    """A type lacks a parameter; another that a reference leads to may have it."""


def is_canonical(parameter: Parameter) -> bool:
    """Tell whether the parameter holds canonical addresses, or uris that are meant as such."""
    held = parameter.value_types
    return parameter.type == "reference" and not held.isdisjoint(CANONICAL_TYPES)


def leads_to(parameter: Parameter) -> tuple[str, ...]:
    """Name the types that the parameter leads to: by canonical addresses only definitions."""
    only = is_canonical(parameter) and not is_reference(parameter)
    return have_urls(parameter.targets) if only else parameter.targets


@cache
def have_urls(targets: tuple[str, ...]) -> tuple[str, ...]:
    """Keep the types of definitions, which canonical addresses lead to."""
    return tuple(name for name in targets if {"url", "version"} <= served_parameters(name).keys())


def is_reference(parameter: Parameter) -> bool:
    """Tell whether the parameter holds references."""
    return "Reference" in parameter.value_types


def is_link(parameter: Parameter) -> bool:
    """Tell whether all that the parameter holds are references."""
    return is_reference(parameter) and "canonical" not in parameter.value_types


@cache
def links_of(resource_type: str) -> tuple[Parameter, ...]:
    """Find the parameters by which a type refers to others."""
    return tuple(each for each in served_parameters(resource_type).values() if is_link(each))


def all_links_of(resource_type: str, stored: Stored) -> tuple[Parameter, ...]:
    """Find the parameters by which a type leads to others, those that are stored too."""
    served = stored.served(resource_type).values()
    return tuple(each for each in served if is_link(each) or is_canonical(each))


def links_to(source: str, target: str, stored: Stored = NOTHING) -> list[Parameter]:
    """Find the parameters by which one type may refer to another."""
    # What is a view tells of everything; nothing but a view tells of one.
    links = () if is_view(target) and not is_view(source) else all_links_of(source, stored)
    return [each for each in links if target in leads_to(each)]


def link(resource_type: str, code: str, stored: Stored = NOTHING) -> Parameter:
    """Find the parameter by which a type leads to others.

    :raises InvalidSearch: there is no such type, or no such parameter, or it is no reference.
    """
    if resource_type not in RESOURCE_TYPES:
        raise InvalidSearch(f"There is no resource type '{resource_type}'.")
    found = all_links_of(resource_type, stored)
    parameter = next((each for each in found if each.code == code), None)
    if parameter is not None:
        return parameter
    valid = f"valid for {resource_type} are {', '.join(each.code for each in found) or 'none'}."
    if code not in stored.served(resource_type):
        raise NoParameter(f"There is no reference '{code}'; {valid}")
    raise InvalidSearch(f"'{code}' is no reference; {valid}")
