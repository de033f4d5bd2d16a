"""Code systems and value sets whole, as the terminology operations need them.

What is shown of a concept comes from its code system; a value set that lists the codes of a system
which is not carried (SNOMED CT, LOINC) keeps the codes alone.
https://hl7.org/fhir/R4/terminology-module.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.fhir.definitions.compiling.package import JsonObject, Package

# An example holds a few concepts to show how it is done, a supplement none of its own.
_CARRIED: Final = frozenset({"complete", "fragment"})
_OF_SYSTEM: Final = (
    "version",
    "name",
    "title",
    "status",
    "caseSensitive",
    "hierarchyMeaning",
    "content",
)
_OF_VALUE_SET: Final = ("version", "name", "title", "status")
_OF_PART: Final = ("system", "version", "filter", "valueSet")
# What tells the hierarchy, and what may not be chosen or is not used any more.
_PROPERTIES: Final = frozenset(
    {"parent", "subsumedBy", "child", "notSelectable", "abstract", "status", "inactive"}
)


def code_systems(package: Package) -> dict[str, JsonObject]:
    """Make one line per code system that R4 lists."""
    return {
        url: _kept(found, _OF_SYSTEM) | {"concept": _concepts(found.get("concept", ()))}
        for url, found in package.code_systems.items()
        if found["content"] in _CARRIED
    }


def value_sets(package: Package) -> dict[str, JsonObject]:
    """Make one line per value set that says what it is composed of."""
    return {
        url: _kept(found, _OF_VALUE_SET) | {"compose": _compose(found["compose"])}
        for url, found in package.value_sets.items()
        if "compose" in found
    }


def _concepts(concepts: Iterable[JsonObject]) -> list[JsonObject]:
    return [_concept(each) for each in concepts]


def _concept(concept: JsonObject) -> JsonObject:
    made = _kept(concept, ("code", "display"))
    properties = [each for each in concept.get("property", ()) if each["code"] in _PROPERTIES]
    below = _concepts(concept.get("concept", ()))
    return (
        made
        | ({"property": properties} if properties else {})
        | ({"concept": below} if below else {})
    )


def _compose(compose: JsonObject) -> JsonObject:
    made: dict[str, Any] = {"include": [_part(each) for each in compose["include"]]}
    excluded = [_part(each) for each in compose.get("exclude", ())]
    return made | ({"exclude": excluded} if excluded else {})


def _part(part: JsonObject) -> JsonObject:
    listed = [{"code": each["code"]} for each in part.get("concept", ())]
    return _kept(part, _OF_PART) | ({"concept": listed} if listed else {})


def _kept(source: JsonObject, names: Iterable[str]) -> JsonObject:
    return {name: source[name] for name in names if name in source}
