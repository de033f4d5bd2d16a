"""The filters by which a value set selects concepts of a code system.

https://hl7.org/fhir/R4/valueset-filter-operator.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from shared.fhir.terminology.errors import CannotTell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.fhir.reader import JsonObject
    from shared.fhir.terminology.code_system import CodeSystem, Concept

_HIERARCHY: Final = frozenset({"is-a", "is-not-a", "descendent-of"})
_VALUES: Final = frozenset({"=", "in", "not-in"})
# What a concept is without saying so. https://hl7.org/fhir/R4/codesystem-concept-properties.html
_FALSE_UNLESS_SAID: Final = frozenset({"inactive", "notSelectable"})
_OF_EVERY_SYSTEM: Final = frozenset({"code", "concept", "display", "parent", "child"})


def selected(system: CodeSystem, filters: list[JsonObject]) -> set[str]:
    """Name the concepts that pass all filters.

    :raises CannotTell: for a filter that is not served, or that the system does not decide.
    """
    if not system.is_complete:
        raise CannotTell(f"Only a part of the code system {system.url} is held here.")
    passing = [_passing(system, each) for each in filters]
    return set(system.concepts).intersection(*passing)


def _passing(system: CodeSystem, wanted: JsonObject) -> set[str]:
    operator, name, value = wanted["op"], wanted["property"], wanted["value"]
    if operator in _HIERARCHY:
        return _by_hierarchy(system, operator, name, value)
    if operator not in _VALUES:
        raise CannotTell(f"A filter with the operator {operator} is not served.")
    if not _is_known(system, name):
        raise CannotTell(f"The code system {system.url} has no property {name}.")
    given = {value} if operator == "=" else {each.strip() for each in value.split(",")}
    having = {c.code for c in system.concepts.values() if given & set(_texts(system, c, name))}
    return set(system.concepts) - having if operator == "not-in" else having


def _by_hierarchy(system: CodeSystem, operator: str, name: str, value: str) -> set[str]:
    if name not in {"concept", "code"}:
        raise CannotTell(f"The operator {operator} asks about a concept, not about {name}.")
    if system.stated.get("hierarchyMeaning") == "part-of":
        raise CannotTell(f"In the code system {system.url}, what is below is a part, not a kind.")
    top = system.find(value)
    if top is None:
        raise CannotTell(f"A filter names a concept that {system.url} does not have.")
    below = system.descendants(top.code) - {top.code}
    if operator == "descendent-of":
        return below
    kinds = below | {top.code}
    return kinds if operator == "is-a" else set(system.concepts) - kinds


def _is_known(system: CodeSystem, name: str) -> bool:
    stated = {each["code"] for each in system.stated.get("property", ())}
    if name in _OF_EVERY_SYSTEM | _FALSE_UNLESS_SAID | stated:
        return True
    return any(True for concept in system.concepts.values() for _ in concept.values(name))


def _texts(system: CodeSystem, concept: Concept, name: str) -> Iterator[str]:
    match name:
        case "code" | "concept":
            yield concept.code
        case "display":
            yield concept.display or ""
        case "parent":
            yield from concept.parents
        case "child":
            yield from system.below.get(concept.code, ())
        case _:
            values = list(concept.values(name))
            if not values and name in _FALSE_UNLESS_SAID:
                values = [False]
            yield from map(_text, values)


def _text(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return str(value.get("code", ""))
    return str(value)
