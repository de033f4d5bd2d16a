"""The profiles that contents are held to: StructureDefinitions in the record, by their url.

A profile holds whoever writes, so what the writer may see does not decide which are known.

https://hl7.org/fhir/R4/resource.html#Meta.profile
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from shared.fhir.definitions import type_names
from shared.fhir.errors import TooCostly
from shared.fhir.profiles import claims_in, validate_claims
from shared.fhir.profiles.matching import in_value_set, listed_codes
from shared.fhir.profiles.tree import FHIR
from shared.fhir.terminology import is_in
from shared.server.canonicals import find_canonicals
from shared.server.holdings import holdings_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from shared.fhir.errors import Issue
    from shared.fhir.fhirpath import Node
    from shared.fhir.fhirpath.environment import Judge
    from shared.fhir.profiles.tree import FindProfile
    from shared.fhir.reader import JsonObject
    from shared.store.reading import Reading

# A bound on the reads of one write: profiles may name profiles that name profiles.
_MOST: Final = 1_000
_TYPES: Final = frozenset(type_names())
_LONGEST_URL: Final = 1_000
_member_of: Final = re.compile(r"memberOf\('([^']+)'\)")


class KnownProfiles(NamedTuple):
    """Profiles by their urls, and what tells whether a coded value is in a value set they bind.

    Their rules may ask what day it is: `now` is in the zone of whose day it is.
    """

    find: FindProfile
    member_of: Judge
    now: datetime

    def issues(self, resource: JsonObject) -> list[Issue]:
        """Check a resource that is valid by R4 against the profiles it claims to conform to."""
        return validate_claims(resource, self.find, member_of=self.member_of, now=self.now)


async def profiles_claimed(
    reading: Reading, contents: Iterable[JsonObject], *nominated: str, now: datetime
) -> KnownProfiles:
    """Read the profiles that contents claim to conform to, and those that are nominated.

    :raises TooCostly: when they draw on more profiles, or value sets, than may be read at once.
    """
    urls = {claim.url for each in contents for claim in claims_in(each)}
    everything = reading.unlimited("profiles")
    known = await _known(everything, urls.union(nominated))
    return KnownProfiles(known.get, await _judge(everything, known), now)


async def _known(reading: Reading, urls: Iterable[str]) -> dict[str, JsonObject]:
    """Find profiles and all that they are made of, by the urls that they are called by."""
    known: dict[str, JsonObject] = {}
    left = _in_question(urls)
    seen = set(left)
    while left:
        if len(seen) > _MOST:
            raise TooCostly(f"More than {_MOST:,} profiles are claimed, or built upon.")
        found = await find_canonicals(reading, "StructureDefinition", left)
        for url, definition in found.items():
            known[url] = definition
            # Who built on it with a version may ask for it without.
            known.setdefault(url.partition("|")[0], definition)
        left = _in_question(url for each in found.values() for url in _named_in(each)) - seen
        seen |= left
    return known


def _in_question(urls: Iterable[str]) -> set[str]:
    """Leave out R4's own types, which are held to already, and what no resource is called by."""
    return {
        url
        for url in urls
        if 0 < len(url) < _LONGEST_URL and url.partition("|")[0].removeprefix(FHIR) not in _TYPES
    }


async def _judge(reading: Reading, known: Mapping[str, JsonObject]) -> Judge:
    """Find the value sets that profiles bind, to tell which codes are in them."""
    # A binding may name the version of its value set, which who asks does not repeat.
    bound = {url.partition("|")[0]: url for each in known.values() for url in _bound_in(each)}
    unlisted = sorted(url for plain, url in bound.items() if listed_codes(plain) is None)
    every = {"compose": {"include": [{"valueSet": unlisted}]}}
    holdings = await holdings_for(reading, [every])

    def judge(node: Node, url: str) -> bool | None:
        listed = in_value_set(node, url.partition("|")[0])
        return is_in(holdings, node.value, bound.get(url, url)) if listed is None else listed

    return judge


def _bound_in(definition: JsonObject) -> Iterator[str]:
    for element in _elements(definition):
        binding = element.get("binding", {})
        if "valueSet" in binding and binding.get("strength") in {"required", "extensible"}:
            yield binding["valueSet"]
        for constraint in element.get("constraint", ()):
            yield from _member_of.findall(constraint.get("expression", ""))


def _named_in(definition: JsonObject) -> Iterator[str]:
    """Name what a profile is written upon, and the profiles of its elements."""
    if "baseDefinition" in definition:
        yield definition["baseDefinition"]
    for element in _elements(definition):
        for each in element.get("type", ()):
            yield from each.get("profile", ())
            yield from each.get("targetProfile", ())


def _elements(definition: JsonObject) -> Iterator[JsonObject]:
    # Where there is a snapshot, it says all there is to say.
    part = definition.get("snapshot") or definition.get("differential") or {}
    yield from part.get("element", ())
