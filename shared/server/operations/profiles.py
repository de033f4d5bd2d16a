"""Validates against profiles: those that a resource claims, and one that a caller nominates.

https://hl7.org/fhir/R4/profiling.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.fhir.definitions import type_names
from shared.fhir.errors import Issue, NotSupported, TooCostly
from shared.fhir.profiles import validate_claims, validate_profile
from shared.fhir.profiles.matching import in_value_set
from shared.fhir.terminology import is_in
from shared.server.operations.canonicals import find_canonical
from shared.server.operations.terminology.finding import holdings_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shared.fhir.fhirpath import Node
    from shared.fhir.fhirpath.environment import Judge
    from shared.fhir.reader import JsonObject
    from shared.store.reading import Reading

_BASE: Final = "http://hl7.org/fhir/StructureDefinition/"
_TYPES: Final = frozenset(type_names())
_MOST: Final = 200


async def against_profiles(
    reading: Reading, resource: JsonObject, nominated: str | None
) -> list[Issue]:
    """Find where a resource that is valid by R4 does not keep a profile.

    :raises NotSupported: when the nominated profile is not known here.
    """
    claims = resource.get("meta", {}).get("profile", ())
    wanted = [each for each in claims if isinstance(each, str)]
    known = await _known(reading, [*wanted, *([nominated] if nominated else ())])
    judge = await _judge(reading, known.values())
    issues = validate_claims(resource, known.get, member_of=judge)
    if nominated is None or nominated in wanted:
        return issues
    of_type = _type_named(nominated)
    if of_type is not None:
        return issues + _of_type(resource, of_type)
    if nominated not in known:
        raise NotSupported("This profile is not known here: nothing is validated against it.")
    return issues + validate_profile(resource, known[nominated], known.get, member_of=judge)


def _of_type(resource: JsonObject, name: str) -> list[Issue]:
    # What R4 itself demands of the type has been checked already.
    if name in {resource["resourceType"], "Resource", "DomainResource"}:
        return []
    told = f"The profile is one of {name}, which this resource is not."
    return [Issue("error", "value", told, resource["resourceType"])]


async def _known(reading: Reading, profiles: Iterable[str]) -> dict[str, JsonObject]:
    """Find profiles and all that they are made of, by the urls that they are called by.

    :raises TooCostly: when it is too much.
    """
    left = set(profiles)
    seen = set(left)
    known: dict[str, JsonObject] = {}
    while left:
        if len(seen) > _MOST:
            raise TooCostly(f"The profiles draw on more than {_MOST} others.")
        url = left.pop()
        found = (
            None if _type_named(url) else await find_canonical(reading, "StructureDefinition", url)
        )
        if found is not None:
            known |= {url: found, url.partition("|")[0]: found}
            left |= set(_named_in(found)) - seen
            seen |= left
    return known


async def _judge(reading: Reading, definitions: Iterable[JsonObject]) -> Judge:
    """Find the value sets that profiles bind, to tell which codes are in them."""
    # A binding may name the version of its value set, which who asks does not repeat.
    bound = {url.partition("|")[0]: url for each in definitions for url in _bound_in(each)}
    every = {"compose": {"include": [{"valueSet": sorted(bound.values())}]}}
    holdings = await holdings_for(reading, [every])

    def judge(node: Node, url: str) -> bool | None:
        listed = in_value_set(node, url)
        return is_in(holdings, node.value, bound.get(url, url)) if listed is None else listed

    return judge


def _bound_in(definition: JsonObject) -> Iterator[str]:
    for element in _elements(definition):
        url = element.get("binding", {}).get("valueSet")
        if url is not None:
            yield url


def _named_in(definition: JsonObject) -> Iterator[str]:
    """Name what a profile is written upon, and the profiles of its elements."""
    if "baseDefinition" in definition:
        yield definition["baseDefinition"]
    for element in _elements(definition):
        for each in element.get("type", ()):
            yield from each.get("profile", ())
            yield from each.get("targetProfile", ())


def _elements(definition: JsonObject) -> Iterator[JsonObject]:
    for part in ("snapshot", "differential"):
        yield from definition.get(part, {}).get("element", ())


def _type_named(url: str) -> str | None:
    """Name the type whose own definition a url means; None for any other."""
    name = url.partition("|")[0].removeprefix(_BASE)
    return (
        name if url.startswith(_BASE) and name in _TYPES | {"Resource", "DomainResource"} else None
    )
