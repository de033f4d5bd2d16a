"""Finds the code systems and value sets that a question about terminology needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.fhir.errors import TooCostly
from shared.fhir.terminology import (
    CodeSystem,
    Holdings,
    code_system_of,
    defined_system,
    named_in,
)
from shared.server.canonicals import find_canonicals

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.fhir.reader import JsonObject
    from shared.store.reading import Reading

_MOST_NAMED: Final = 1_000


async def find_code_system(reading: Reading, canonical: str) -> CodeSystem | None:
    """Find a code system by its canonical url, with or without a version."""
    return (await _code_systems(reading, [canonical])).get(canonical)


async def holdings_for(
    reading: Reading, value_sets: Iterable[JsonObject], systems: Iterable[str] = ()
) -> Holdings:
    """Find everything that value sets are composed of, at any depth, and some code systems more.

    :raises TooCostly: when it is too much.
    """
    left = {name for each in value_sets for name in named_in(each)}
    left |= {("CodeSystem", each) for each in systems}
    seen = set(left)
    found = Holdings({}, {})
    while left:
        if len(seen) > _MOST_NAMED:
            raise TooCostly(f"The value sets draw on more than {_MOST_NAMED:,} others.")
        more = await _held(reading, left)
        found = Holdings(
            {**found.code_systems, **more.code_systems}, {**found.value_sets, **more.value_sets}
        )
        left = {name for each in more.value_sets.values() for name in named_in(each)} - seen
        seen |= left
    return found


async def _held(reading: Reading, named: Iterable[tuple[str, str]]) -> Holdings:
    asked: dict[str, list[str]] = {"CodeSystem": [], "ValueSet": []}
    for kind, canonical in named:
        asked[kind].append(canonical)
    return Holdings(
        await _code_systems(reading, asked["CodeSystem"]),
        await find_canonicals(reading, "ValueSet", asked["ValueSet"]),
    )


async def _code_systems(reading: Reading, canonicals: Iterable[str]) -> dict[str, CodeSystem]:
    wanted = set(canonicals)
    known = {each: system for each in wanted if (system := defined_system(each)) is not None}
    stored = await find_canonicals(reading, "CodeSystem", wanted - known.keys())
    # What only adds names to another system says nothing about which codes there are.
    return known | {
        canonical: code_system_of(each)
        for canonical, each in stored.items()
        if each.get("content") != "supplement"
    }
