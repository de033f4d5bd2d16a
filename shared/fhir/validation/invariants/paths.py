"""Steps from JSON objects to their elements, by keys that are known when a rule is compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from shared.fhir.definitions import type_definition
from shared.fhir.validation.invariants.made import Made, NotCompilable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from shared.fhir.validation.finding import Run


class Way(NamedTuple):
    """One JSON key of an element, and whether it is a primitive, with a twin."""

    key: str
    type: str
    primitive: bool


def ways(types: Iterable[str], name: str) -> list[Way]:
    """Find the keys under which an element of these types stands."""
    found: dict[str, Way] = {}
    for type_name in types:
        if type_name == "Resource" and name not in type_definition("Resource").elements:
            raise NotCompilable
        element = type_definition(type_name).elements.get(name)
        for key in element.keys if element else ():
            primitive = type_definition(key.type).kind == "primitive"
            found[key.json] = Way(key.json, key.type, primitive)
    return list(found.values())


def present(found: list[Way]) -> frozenset[str]:
    """Name the keys of which one is there where the element is."""
    twins = [f"_{way.key}" for way in found if way.primitive]
    return frozenset([*(way.key for way in found), *twins])


def step(target: Callable[[Any, Run], list[Any]] | None, found: list[Way]) -> Made:
    """Make the step to an element from `$this`, or from what a target gives."""
    types = frozenset(way.type for way in found)
    if not found:
        return Made(lambda _this, _run: [], types=types)
    select = _of_one(found)
    if target is None:
        return Made(lambda this, _run: select(this), types=types)

    def run(this: Any, world: Run) -> list[Any]:  # noqa: ANN401
        return [each for item in target(this, world) for each in select(item)]

    return Made(run, types=types)


def _of_one(found: list[Way]) -> Callable[[Any], list[Any]]:
    if len(found) == 1 and not found[0].primitive:
        return _complex(found[0].key)
    keys = [(way.key, f"_{way.key}" if way.primitive else way.key) for way in found]

    def select(item: Any) -> list[Any]:  # noqa: ANN401
        if type(item) is not dict:
            return []
        for key, twin in keys:
            if key in item:
                value = item[key]
                return value if type(value) is list else [value]
            if twin in item:
                return [None]
        return []

    return select


def _complex(key: str) -> Callable[[Any], list[Any]]:
    def select(item: Any) -> list[Any]:  # noqa: ANN401
        value = item.get(key) if type(item) is dict else None
        if value is None:
            return []
        return value if type(value) is list else [value]

    return select
