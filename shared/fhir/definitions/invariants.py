"""The FHIRPath rules of R4's types, without ele-1 and ext-1, which hold by structure.

https://hl7.org/fhir/R4/conformance-rules.html#constraints
"""

from __future__ import annotations

from functools import cache
from typing import Literal

import msgspec

from shared.fhir.definitions.data import read_data


class Invariant(msgspec.Struct, frozen=True, array_like=True):
    """A rule of a type or, where `element` is not empty, of each value of that element.

    A key is unique only within its type.
    """

    element: str
    key: str
    severity: Literal["error", "warning"]
    expression: str
    human: str


def invariants(type_name: str) -> tuple[Invariant, ...]:
    """Find the rules that stand on a type; those of DomainResource hold for its kinds too."""
    return _by_type().get(type_name, ())


@cache
def _by_type() -> dict[str, tuple[Invariant, ...]]:
    lines = read_data("invariants.json")
    return msgspec.json.decode(lines, type=dict[str, tuple[Invariant, ...]])
