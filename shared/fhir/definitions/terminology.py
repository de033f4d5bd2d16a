"""The code systems and value sets of R4 as resources; only those that are asked for are read.

https://hl7.org/fhir/R4/terminologies-systems.html
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import msgspec

from shared.fhir.definitions.data import read_data

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject


def defined_code_system(url: str) -> JsonObject | None:
    """Read a code system that R4 lists; None for any other, such as SNOMED CT or LOINC."""
    return _read("CodeSystem", "code_systems.json", url)


def defined_value_set(url: str) -> JsonObject | None:
    """Read a value set of R4; None for any other."""
    return _read("ValueSet", "composed_value_sets.json", url)


def _read(resource_type: str, file: str, url: str) -> JsonObject | None:
    raw = _lines(file).get(url)
    if raw is None:
        return None
    found: JsonObject = msgspec.json.decode(raw)
    return {"resourceType": resource_type, "url": url} | found


@cache
def _lines(file: str) -> dict[str, msgspec.Raw]:
    return msgspec.json.decode(read_data(file), type=dict[str, msgspec.Raw])
