"""How people and organizations are called where others read of them.

https://hl7.org/fhir/R4/datatypes.html#HumanName
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject


def called(resource: JsonObject | None) -> str:
    """Give the name of a person or an Organization; '' where there is none."""
    names = (resource or {}).get("name", ())
    return names if isinstance(names, str) else next(filter(None, map(_human, names)), "")


def _human(name: JsonObject) -> str:
    parts = [*name.get("given", ()), name.get("family")]
    return str(name.get("text") or " ".join(each for each in parts if each))
