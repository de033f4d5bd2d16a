"""Which programmes are under 42 CFR Part 2: those whose Organization says so.

https://www.ecfr.gov/current/title-42/part-2
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.care.canonical import profile

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject

_UNDER_PART_2: Final = profile("part-2-programme")


def is_under_part_2(organization: JsonObject) -> bool:
    """Tell whether an Organization's programme is under Part 2, by its extension."""
    said = organization.get("extension", ())
    return any(e.get("url") == _UNDER_PART_2 and e.get("valueBoolean") is True for e in said)
