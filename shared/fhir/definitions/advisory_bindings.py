"""The bindings of R4 that advise: extensible and preferred ones.

https://hl7.org/fhir/R4/terminologies.html#strength
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from shared.fhir.definitions.data import read_data

if TYPE_CHECKING:
    from collections.abc import Mapping


class AdvisoryBinding(NamedTuple):
    """How strongly a value set is recommended for an element, and which."""

    strength: Literal["extensible", "preferred"]
    value_set: str


def advisory_bindings(type_name: str) -> Mapping[str, AdvisoryBinding]:
    """Find the recommended value sets of a type's own elements, by the element's name."""
    return _by_type().get(type_name, {})


@cache
def _by_type() -> dict[str, dict[str, AdvisoryBinding]]:
    return msgspec.json.decode(
        read_data("advisory_bindings.json"), type=dict[str, dict[str, AdvisoryBinding]]
    )
