"""Finds what a question about terminology needs: in R4's own definitions, else in the record.

What R4 defines nobody redefines; of several that the record holds under one url, an active one
comes before any other, then the one that was changed last.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from shared.fhir.definitions import defined_code_system, defined_value_set
from shared.fhir.errors import TooCostly
from shared.fhir.terminology import CodeSystem, Holdings, code_system_of, named_in
from shared.store.finding import find

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.fhir.reader import JsonObject
    from shared.store.reading import Reading

_DEFINED: Final = {"CodeSystem": defined_code_system, "ValueSet": defined_value_set}
_SEPARATORS: Final = re.compile(r"([\\,|$])")
_MOST_NAMED: Final = 200


async def find_canonical(reading: Reading, resource_type: str, canonical: str) -> JsonObject | None:
    """Find a CodeSystem or ValueSet by its canonical url, with or without a version."""
    url, _, version = canonical.partition("|")
    defined = _DEFINED[resource_type](url)
    if defined is not None and version in {"", defined.get("version")}:
        return defined
    criteria = [("url", _escaped(url))]
    if version:
        criteria.append(("version", _escaped(version)))
    found = await find(reading, resource_type, *criteria)
    newest = max(
        found,
        key=lambda each: (each.content.get("status") == "active", each.version.updated),
        default=None,
    )
    return None if newest is None else newest.content


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


def _escaped(text: str) -> str:
    return _SEPARATORS.sub(r"\\\1", text)
