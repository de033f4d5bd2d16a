"""What is wanted of the evidence as it stands, against what is there: the one rule of corrections.

A derivation is a function from the present evidence about a person to what is wanted, under ids
derived from that evidence. What is wanted and missing is made, what differs gets a new version, and
what is no longer wanted is withdrawn and never deleted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shared.fhir.reader import JsonObject

Name = TypeVar("Name")


@dataclass(frozen=True, slots=True)
class Manner:
    """How one kind of derived resource is revised and withdrawn; None leaves what is there.

    `revise` is given what is there, or None, and what is wanted.
    """

    revise: Callable[[JsonObject | None, JsonObject], JsonObject | None]
    withdraw: Callable[[JsonObject], JsonObject | None]


def reconciled(
    wanted: Mapping[Name, JsonObject], present: Mapping[Name, JsonObject | None], manner: Manner
) -> dict[Name, JsonObject]:
    """Give what is to be written, so that afterwards nothing is: a repetition changes nothing."""
    decided = {
        name: _decided(wanted.get(name), present.get(name), manner)
        for name in dict.fromkeys([*wanted, *present])
    }
    return {name: after for name, after in decided.items() if after is not None}


def _decided(
    wanted: JsonObject | None, present: JsonObject | None, manner: Manner
) -> JsonObject | None:
    if wanted is not None:
        return manner.revise(present, wanted)
    return None if present is None else manner.withdraw(present)
