"""What is done by a policy of ours and by no person, and how it says so.

Nothing automatic is signed as a clinician: its Provenance names the policy and its version.
https://hl7.org/fhir/R4/provenance.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal
from uuid import NAMESPACE_URL, uuid5

from shared.care.canonical import CANONICAL, POLICY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.fhir.reader import JsonObject

DATA_OPERATION: Final = "http://terminology.hl7.org/CodeSystem/v3-DataOperation"
PARTICIPANT_TYPE: Final = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"


@dataclass(frozen=True, slots=True)
class Policy:
    """A rule that acts by itself: its name, its version, and what it does in a few words."""

    name: str
    version: str
    title: str


@dataclass(frozen=True, slots=True)
class Act:
    """What was done, by references: to what, because of what; `recorded` is an instant."""

    targets: Sequence[str]
    sources: Sequence[str]
    recorded: str
    activity: Literal["CREATE", "UPDATE"] = "CREATE"


def derived_id(cause: str, purpose: str) -> str:
    """Derive the logical id of what one cause (`Encounter/7`) brings about only once."""
    return str(uuid5(NAMESPACE_URL, f"{CANONICAL}/{cause}/{purpose}"))


def provenance(policy: Policy, act: Act) -> JsonObject:
    """Say that a policy did it."""
    said = {
        "resourceType": "Provenance",
        "target": [{"reference": target} for target in act.targets],
        "recorded": act.recorded,
        "activity": {"coding": [{"system": DATA_OPERATION, "code": act.activity}]},
        "agent": [
            {
                "type": {"coding": [{"system": PARTICIPANT_TYPE, "code": "assembler"}]},
                "who": {
                    "type": "Device",
                    "identifier": {"system": POLICY, "value": f"{policy.name}|{policy.version}"},
                    "display": policy.title,
                },
            }
        ],
    }
    if act.sources:
        said["entity"] = [{"role": "source", "what": {"reference": each}} for each in act.sources]
    return said
