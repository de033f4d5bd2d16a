"""Reads the names of parameters, with the references that they follow.

https://hl7.org/fhir/R4/search.html#chaining
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shared.fhir.definitions import RESOURCE_TYPES, compartment_parameters, search_parameters
from tests.search.opinion.criteria import criterion
from tests.search.opinion.links import URI_TYPES, places
from tests.search.opinion.problem import Unknown
from tests.search.opinion.thing import Thing, defined, types_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime, tzinfo

    from tests.search.opinion.criteria import Test

_DEEPEST = 3


class Link(NamedTuple):
    """A reference parameter, and the types of those that it may lead to."""

    code: str
    targets: tuple[str, ...]


def link(resource_type: str, code: str) -> Link:
    """Find a parameter whose values are references, or canonical addresses of definitions."""
    if resource_type not in RESOURCE_TYPES:
        raise Unknown(resource_type)
    if defined(resource_type, code).type != "reference":
        raise Unknown(code)
    targets = defined(resource_type, code).targets or RESOURCE_TYPES
    if "Reference" not in types_of(resource_type, code):
        targets = tuple(
            each for each in targets if {"url", "version"} <= {*search_parameters(each)}
        )
    return Link(code, tuple(targets))


def contained(thing: Thing, code: str) -> Iterator[Thing]:
    """Find what a resource refers to inside itself."""
    held = {each.get("id"): each for each in thing.resource.get("contained", ())}
    for node in thing.nodes(code):
        if node.type != "Reference":
            continue
        inner = held.get(node.value.get("reference", "").removeprefix("#"))
        if inner is not None and node.value["reference"].startswith("#"):
            yield Thing(inner, thing.updated, thing.place)


class Reading:
    """What a query is read with: the clock, a zone, this server's address, and all resources."""

    def __init__(
        self,
        things: Sequence[Thing],
        *,
        zone: tzinfo,
        now: datetime,
        base: str,
        terminology: Callable[[str, str], set[tuple[str, str]]],
    ) -> None:
        self.zone, self.now, self.base, self.terminology = zone, now, base, terminology
        self.things: Mapping[tuple[str, str], Thing] = {each.key: each for each in things}
        self.in_any_case = frozenset(
            each.resource.get("url", "")
            for each in things
            if each.type == "CodeSystem" and each.resource.get("caseSensitive") is False
        )

    def restriction(
        self, resource_type: str, name: str, text: str, depth: tuple[int, int] = (0, 0)
    ) -> Test:
        """Read a parameter, a chain or `_has` to a test of a resource.

        :raises Problem: some part of it is not valid.
        """
        chained, reverse = depth
        if max(depth) > _DEEPEST:
            raise Unknown(name)
        if name.startswith("_has:"):
            return self._has(resource_type, name, text, (chained, reverse + 1))
        if "." in name:
            return self._chain(resource_type, name, text, (chained + 1, reverse))
        return criterion(self, resource_type, name, text)

    def referred(self, thing: Thing, code: str, targets: Sequence[str]) -> Iterator[Thing]:
        """Find the resources that a resource refers to by a parameter."""
        for node in thing.nodes(code):
            for place in places(node, self.base):
                found = self.things.get(place) if isinstance(place, tuple) else None
                if found is not None and found.type in targets:
                    yield found
            if node.type in URI_TYPES:
                yield from self._defined(node.value, targets)

    def _defined(self, address: str, targets: Sequence[str]) -> Iterator[Thing]:
        """Find the definitions of a url, with its version if the address names one."""
        url, _, version = address.partition("|")
        for each in self.things.values():
            versions = {"", each.resource.get("version")}
            is_meant = each.resource.get("url") == url and version in versions
            if is_meant and each.type in targets and "version" in search_parameters(each.type):
                yield each

    def referring(self, thing: Thing, source: str, code: str) -> Iterator[Thing]:
        """Find the resources of a type that refer to a resource by a parameter."""
        for each in self.things.values():
            if each.type == source and thing in self.referred(each, code, [thing.type]):
                yield each

    def compartment(self, kind: str, logical_id: str, resource_type: str) -> Test:
        """Tell what is in the compartment of a resource, whether or not that is here."""
        codes = compartment_parameters(kind, resource_type)

        def is_in(thing: Thing) -> bool:
            found = (
                place
                for code in codes
                for node in thing.nodes(code)
                for place in places(node, self.base)
            )
            return (kind, logical_id) in found or thing.key == (kind, logical_id)

        return is_in

    def _chain(self, resource_type: str, name: str, text: str, depth: tuple[int, int]) -> Test:
        head, _, rest = name.partition(".")
        code, mark, only = head.partition(":")
        code, targets = link(resource_type, code)
        if mark and only not in targets:
            raise Unknown(only)
        tests = self._of_each((only,) if mark else targets, rest, text, depth)
        # The record gives its own id and time to a resource, not to what that contains.
        is_of_the_record = rest.partition(":")[0] in {"_id", "_lastUpdated"}

        def matches(thing: Thing) -> bool:
            inside = () if is_of_the_record else contained(thing, code)
            there = (*self.referred(thing, code, list(tests)), *inside)
            return any(tests[each.type](each) for each in there if each.type in tests)

        return matches

    def _of_each(
        self, types: Sequence[str], rest: str, text: str, depth: tuple[int, int]
    ) -> dict[str, Test]:
        tests, problem = {}, Unknown(rest)
        for each in types:
            if each == "AuditEvent":
                continue
            try:
                tests[each] = self.restriction(each, rest, text, depth)
            except Unknown as error:
                problem = error
        if not tests:
            raise problem
        return tests

    def _has(self, resource_type: str, name: str, text: str, depth: tuple[int, int]) -> Test:
        _, *parts = name.split(":", 3)
        if len(parts) != 3 or not all(parts):
            raise Unknown(name)
        source, code, rest = parts
        code, targets = link(source, code)
        if resource_type not in targets:
            raise Unknown(name)
        test = self.restriction(source, rest, text, depth)
        return lambda thing: any(map(test, self.referring(thing, source, code)))
