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
    from shared.fhir.reader import JsonObject
    from shared.store.reading import Reading

_DEFINED: Final = {"CodeSystem": defined_code_system, "ValueSet": defined_value_set}
_SEPARATORS: Final = re.compile(r"([\\,|$])")


async def find_canonical(reading: Reading, resource_type: str, canonical: str) -> JsonObject | None:
    """Find a definition by its canonical url, with or without a version."""
    url, _, version = canonical.partition("|")
    of_r4 = _DEFINED.get(resource_type)
    defined = None if of_r4 is None else of_r4(url)
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


def _escaped(text: str) -> str:
    return _SEPARATORS.sub(r"\\\1", text)
