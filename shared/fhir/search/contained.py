"""What contained resources are searched by: the ends of chains that lead into them.

A contained resource has no identity of its own. What it holds is indexed with the resource that
contains it, under numbers that tell by which reference it is reached, and of which type it is. So a
chain into it is a criterion of the resource itself.

https://hl7.org/fhir/R4/search.html#contained
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from shared.fhir.search.links import links_of
from shared.fhir.search.parameters import COLUMNS, is_view, served_parameters
from shared.fhir.search.query import Chain, Criterion, Missing
from shared.fhir.search.terms import present_term, target_term
from shared.fhir.search.trie import tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shared.fhir.reader import JsonObject
    from shared.fhir.search.collector import Collector
    from shared.fhir.search.parameters import Parameter
    from shared.fhir.search.query import Restriction
    from shared.fhir.search.trie import Visit

# The numbers below are those of R4's codes; stored parameters begin beyond those given here.
_FIRST: Final = 1_000
_MARKER: Final = "_contained"


class Inside(NamedTuple):
    """What is asked of a resource that contains the target of a chain.

    `marker` says that there is such a target, and as a reference that the resource has itself.
    """

    marker: Parameter
    restrictions: tuple[Restriction, ...]


def collect_contained(resource: JsonObject, to: Collector) -> None:
    """Index what is contained, by each reference that leads to it."""
    source = resource["resourceType"]
    held = {each.get("id"): each for each in resource["contained"]}
    for number, name in dict.fromkeys(to.contained):
        target = held.get(name, {}).get("resourceType")
        if (number, target) not in _places(source):
            continue
        marker = _marker(source, number, target).number
        found = to.inside(held[name])
        _visit(source, number, target)(held[name], found)
        to.terms += map(present_term, (*found.present, marker))
        to.add(target_term(marker, source, resource["id"]))


def inside(source: str, chain: Chain) -> Iterator[Inside]:
    """Ask what a chain asks of the targets that resources of a type contain."""
    for target, restriction in chain.targets:
        number = chain.parameter.number
        if (number, target) in _places(source):
            asked = _renumbered(restriction, _parameters(source, number, target))
            marker = _marker(source, number, target)
            exists = (Missing(marker, is_missing=False),) if _is_negative(restriction) else ()
            if asked is not None:
                yield Inside(marker, (*exists, asked))


def _is_negative(restriction: Restriction) -> bool:
    """Tell whether what is not there at all meets it."""
    if isinstance(restriction, Missing):
        return restriction.is_missing
    return isinstance(restriction, Criterion) and restriction.modifier == "not"


def _renumbered(
    restriction: Restriction, parameters: Mapping[str, Parameter]
) -> Restriction | None:
    """Ask the same by another number; None of what only a resource of its own has."""
    if not isinstance(restriction, Criterion | Missing | Chain):
        return None
    parameter = parameters.get(restriction.parameter.code)
    is_own = parameter is not None and restriction.parameter.number < _FIRST
    return replace(restriction, parameter=parameter) if parameter and is_own else None


@cache
def _places(source: str) -> Mapping[tuple[int, str], int]:
    """Give the first number of what is contained, by the reference's number and the type."""
    found, first = {}, _FIRST
    for link in links_of(source):
        for target in link.targets:
            if not is_view(target):
                found[link.number, target] = first
                first += len(served_parameters(target))
    return found


@cache
def _parameters(source: str, number: int, target: str) -> Mapping[str, Parameter]:
    first = _places(source)[number, target]
    served = served_parameters(target)
    numbers = {code: first + place for place, code in enumerate(served)}
    return {
        code: _numbered(parameter, numbers)
        for code, parameter in served.items()
        if code not in COLUMNS
    }


def _numbered(parameter: Parameter, numbers: Mapping[str, int]) -> Parameter:
    parts = (
        part._replace(parameter=_numbered(part.parameter, numbers)) for part in parameter.parts
    )
    return replace(
        parameter,
        number=numbers[parameter.code],
        is_main_date=False,
        is_expected=False,
        is_compartment=False,
        members=tuple(_numbered(each, numbers) for each in parameter.members),
        parts=tuple(parts),
    )


@cache
def _marker(source: str, number: int, target: str) -> Parameter:
    """Make the parameter that has the number of what is no value inside: its id."""
    served = served_parameters(target)
    place = _places(source)[number, target] + list(served).index("_id")
    return replace(served["_id"], code=_MARKER, number=place, is_expected=False)


@cache
def _visit(source: str, number: int, target: str) -> Visit:
    return tree(_parameters(source, number, target).values())
