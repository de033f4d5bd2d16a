"""The codes that a required binding allows.

https://hl7.org/fhir/R4/terminologies.html#required
"""

from __future__ import annotations

from functools import cache

import msgspec

from shared.fhir.definitions.data import read_data

Codes = frozenset[tuple[str, str]]


@cache
def required_codes(value_set_url: str) -> Codes | None:
    """List the (system, code) of a value set; None where R4 has no list (MIME types, UCUM).

    :raises KeyError: no required binding uses this value set.
    """
    systems = _value_sets()[value_set_url]
    if systems is None:
        return None
    return frozenset((system, code) for system, codes in systems.items() for code in codes)


def system_of(value_set_url: str) -> str | None:
    """Name the system of a value set's codes, where it is one."""
    systems = _value_sets()[value_set_url]
    return next(iter(systems)) if systems is not None and len(systems) == 1 else None


@cache
def _value_sets() -> dict[str, dict[str, list[str]] | None]:
    return msgspec.json.decode(
        read_data("value_sets.json"), type=dict[str, dict[str, list[str]] | None]
    )
