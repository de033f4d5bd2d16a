"""The parameters by which resources refer to one another, as chains, `_has` and includes use them.

A canonical address is none: what it leads to is known by its url, not by its place in the record.

https://hl7.org/fhir/R4/search.html#chaining
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from shared.fhir.definitions import RESOURCE_TYPES
from shared.fhir.errors import InvalidSearch, NotSupported
from shared.fhir.search.parameters import is_view, served_parameters
from shared.fhir.search.stored import NOTHING, Stored

if TYPE_CHECKING:
    from shared.fhir.search.parameters import Parameter


class NoParameter(InvalidSearch):
    """A type lacks a parameter; another that a reference leads to may have it."""


def is_link(parameter: Parameter) -> bool:
    """Tell whether all that the parameter holds are references."""
    return "Reference" in parameter.value_types and "canonical" not in parameter.value_types


@cache
def links_of(resource_type: str) -> tuple[Parameter, ...]:
    """Find the parameters by which a type refers to others."""
    served = {} if is_view(resource_type) else served_parameters(resource_type)
    return tuple(each for each in served.values() if is_link(each))


def all_links_of(resource_type: str, stored: Stored) -> tuple[Parameter, ...]:
    """Find the parameters by which a type refers to others, those that are stored too."""
    more = (each.parameter for each in stored.of(resource_type) if is_link(each.parameter))
    return (*links_of(resource_type), *more)


def links_to(source: str, target: str, stored: Stored = NOTHING) -> list[Parameter]:
    """Find the parameters by which one type may refer to another."""
    links = () if is_view(target) else all_links_of(source, stored)
    return [each for each in links if target in each.targets]


def link(resource_type: str, code: str, stored: Stored = NOTHING) -> Parameter:
    """Find the parameter by which a type refers to others.

    :raises InvalidSearch: there is no such type, or no such parameter, or it is no reference.
    :raises NotSupported: it cannot be followed here.
    """
    if resource_type not in RESOURCE_TYPES:
        raise InvalidSearch(f"There is no resource type '{resource_type}'.")
    found = all_links_of(resource_type, stored)
    parameter = next((each for each in found if each.code == code), None)
    if parameter is not None:
        return parameter
    valid = f"valid for {resource_type} are {', '.join(each.code for each in found) or 'none'}."
    known = stored.served(resource_type).get(code)
    if known is None:
        raise NoParameter(f"There is no reference '{code}'; {valid}")
    if known.type == "reference":
        raise NotSupported(f"'{code}' is not followed: it holds canonical addresses; {valid}")
    raise InvalidSearch(f"'{code}' is no reference; {valid}")
