"""Value sets: the codes of every required binding, by system.

https://hl7.org/fhir/R4/valueset.html#compositions
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.fhir.definitions.compiling.package import JsonObject, bare_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shared.fhir.definitions.compiling.package import Package

Codes = set[tuple[str, str]]

# Other expansions of the package (UCUM) hold only the common part of an open grammar.
_WHOLE_EXPANSIONS = {"http://hl7.org/fhir/ValueSet/currencies"}


class NotEnumerable(Exception):
    """The value set draws on a code system that the package does not hold."""


def required_value_sets(package: Package, urls: Iterable[str]) -> dict[str, Any]:
    """Make one line per value set: its codes by system, or null where it has no list."""
    return {url: _line(package, url) for url in urls}


def _line(package: Package, url: str) -> dict[str, list[str]] | None:
    try:
        codes = _expand(package, url)
    except NotEnumerable:
        if url not in _WHOLE_EXPANSIONS:
            return None
        codes = package.expansions[url]
    systems = sorted({system for system, _ in codes})
    return {system: sorted(code for of, code in codes if of == system) for system in systems}


def _expand(package: Package, url: str) -> Codes:
    value_set = package.value_sets.get(bare_version(url))
    if value_set is None:
        raise NotEnumerable(url)
    codes: Codes = set()
    for include in value_set["compose"]["include"]:
        codes |= _selected(package, include)
    for exclude in value_set["compose"].get("exclude", ()):
        codes -= _selected(package, exclude)
    return codes


def _selected(package: Package, part: JsonObject) -> Codes:
    selected = [_expand(package, url) for url in part.get("valueSet", ())]
    if "system" in part:
        selected.append(_of_system(package, part))
    return set.intersection(*selected)


def _of_system(package: Package, part: JsonObject) -> Codes:
    system = part["system"]
    if "concept" in part:
        return {(system, concept["code"]) for concept in part["concept"]}
    code_system = package.code_systems.get(system)
    if code_system is None or code_system["content"] != "complete":
        raise NotEnumerable(system)
    codes = {code for code, _ in _walk(code_system["concept"])}
    for wanted in part.get("filter", ()):
        codes &= _filtered(code_system, wanted)
    return {(system, code) for code in codes}


def _filtered(code_system: JsonObject, wanted: JsonObject) -> set[str]:
    if wanted["op"] != "is-a":
        raise NotEnumerable(wanted["op"])
    # A hierarchy stands in the nesting, in a property that names the parent, or in both.
    edges = {(parent, code) for code, parent in _walk(code_system["concept"])}
    found = {wanted["value"]}
    grown = True
    while grown:
        below = {code for parent, code in edges if parent in found}
        grown = not below <= found
        found |= below
    return found


def _walk(concepts: Iterable[JsonObject], parent: str = "") -> Iterator[tuple[str, str]]:
    for concept in concepts:
        yield concept["code"], parent
        for of in concept.get("property", ()):
            if of["code"] in {"subsumedBy", "parent"}:
                yield concept["code"], of["valueCode"]
        yield from _walk(concept.get("concept", ()), concept["code"])
