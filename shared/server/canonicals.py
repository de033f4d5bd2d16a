"""Finds definitions by their canonical urls: in R4's own, else in the record.

What R4 defines nobody redefines; of several that the record holds under one url, an active one
comes before any other, then the one that was changed last.
https://hl7.org/fhir/R4/references.html#canonical
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from shared.fhir.definitions import defined_code_system, defined_value_set
from shared.store.finding import find

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.reading import Reading

_DEFINED: Final = {"CodeSystem": defined_code_system, "ValueSet": defined_value_set}
_SEPARATORS: Final = re.compile(r"([\\,|$])")
# As many values as a search may ask for.
_AT_ONCE: Final = 100


async def find_canonical(reading: Reading, resource_type: str, canonical: str) -> JsonObject | None:
    """Find a definition by its canonical url, with or without a version."""
    return (await find_canonicals(reading, resource_type, [canonical])).get(canonical)


async def find_canonicals(
    reading: Reading, resource_type: str, canonicals: Iterable[str]
) -> dict[str, JsonObject]:
    """Find definitions by their canonical urls; those that are not known are left out."""
    wanted = set(canonicals)
    known = {each: of_r4 for each in wanted if (of_r4 := _defined(resource_type, each))}
    stored = await _stored(reading, resource_type, {_url(each) for each in wanted - known.keys()})
    for canonical in wanted - known.keys():
        version = canonical.partition("|")[2]
        found = [
            each
            for each in stored.get(_url(canonical), ())
            if version in {"", each.content.get("version")}
        ]
        if found:
            known[canonical] = max(found, key=_preference).content
    return known


def _url(canonical: str) -> str:
    return canonical.partition("|")[0]


def _defined(resource_type: str, canonical: str) -> JsonObject | None:
    of_r4 = _DEFINED.get(resource_type)
    found = None if of_r4 is None else of_r4(_url(canonical))
    version = canonical.partition("|")[2]
    return found if found is not None and version in {"", found.get("version")} else None


async def _stored(
    reading: Reading, resource_type: str, urls: Iterable[str]
) -> dict[str, list[Found]]:
    found: dict[str, list[Found]] = {}
    left = sorted(urls)
    for start in range(0, len(left), _AT_ONCE):
        now = left[start : start + _AT_ONCE]
        escaped = ",".join(_SEPARATORS.sub(r"\\\1", url) for url in now)
        for each in await find(reading, resource_type, ("url", escaped)):
            found.setdefault(each.content["url"], []).append(each)
    return found


def _preference(found: Found) -> tuple[bool, object]:
    return found.content.get("status") == "active", found.version.updated
