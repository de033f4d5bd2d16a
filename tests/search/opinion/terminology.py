"""Value sets and code systems of the record, as far as they list their codes themselves.

https://hl7.org/fhir/R4/search.html#token
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.search.opinion.problem import Problem
from tests.search.opinion.values import parted, unescaped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Codes = set[tuple[str, str]]


def meaning(bodies: Sequence[dict[str, Any]], modifier: str, text: str) -> Codes:
    """Find the codes that are meant by a value set, or by a concept and its place."""
    if modifier in {"in", "not-in"}:
        return _members(bodies, unescaped(text))
    system, *code = (unescaped(each) for each in parted(text, "|"))
    held = list(_named(bodies, "CodeSystem", system))
    if len(code) != 1 or not held:
        raise Problem(text)
    below = {each: set(rest) for each, rest in _with_descendants(held[0].get("concept", []))}
    if code[0] not in below:
        raise Problem(text)
    if modifier == "below":
        return {(system, each) for each in below[code[0]]}
    return {(system, each) for each, rest in below.items() if code[0] in rest}


def _named(bodies: Sequence[dict[str, Any]], kind: str, name: str) -> Iterator[dict[str, Any]]:
    for each in bodies:
        if each["resourceType"] == kind and name in {each.get("url"), f"{kind}/{each['id']}"}:
            yield each


def _members(bodies: Sequence[dict[str, Any]], name: str) -> Codes:
    for each in _named(bodies, "ValueSet", name):
        return {
            (part["system"], concept["code"])
            for part in each["compose"]["include"]
            for concept in part["concept"]
        }
    raise Problem(name)


def _with_descendants(concepts: list[dict[str, Any]]) -> Iterator[tuple[str, list[str]]]:
    """Pair each code with itself and all codes below it."""
    for each in concepts:
        inside = list(_with_descendants(each.get("concept", [])))
        yield each["code"], [each["code"], *(code for code, _ in inside)]
        yield from inside
