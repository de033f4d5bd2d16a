"""Finds what a question about terminology needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.fhir.errors import TooCostly
from shared.fhir.terminology import CodeSystem, Holdings, code_system_of, named_in
from shared.server.operations.canonicals import find_canonical

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.fhir.reader import JsonObject
    from shared.store.reading import Reading

_MOST_NAMED: Final = 200


async def find_code_system(reading: Reading, canonical: str) -> CodeSystem | None:
    """Find a code system by its canonical url, with or without a version."""
    found = await find_canonical(reading, "CodeSystem", canonical)
    # What only adds names to another system says nothing about which codes there are.
    if found is None or found.get("content") == "supplement":
        return None
    return code_system_of(found)


async def holdings_for(
    reading: Reading, value_sets: Iterable[JsonObject], systems: Iterable[str] = ()
) -> Holdings:
    """Find everything that value sets are composed of, at any depth, and some code systems more.

    :raises TooCostly: when it is too much.
    """
    left = {name for each in value_sets for name in named_in(each)}
    left |= {("CodeSystem", each) for each in systems}
    seen = set(left)
    found: dict[str, CodeSystem] = {}
    imported: dict[str, JsonObject] = {}
    while left:
        if len(seen) > _MOST_NAMED:
            raise TooCostly(f"The value set draws on more than {_MOST_NAMED} others.")
        resource_type, canonical = left.pop()
        if resource_type == "CodeSystem":
            system = await find_code_system(reading, canonical)
            found |= {} if system is None else {canonical: system}
            continue
        value_set = await find_canonical(reading, "ValueSet", canonical)
        if value_set is not None:
            imported[canonical] = value_set
            left |= set(named_in(value_set)) - seen
            seen |= left
    return Holdings(found, imported)
