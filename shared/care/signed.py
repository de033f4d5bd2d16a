"""What a person did and stands by: a Provenance whose author they are.

https://hl7.org/fhir/R4/provenance.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.care.automatic import DATA_OPERATION, PARTICIPANT_TYPE

if TYPE_CHECKING:
    from shared.care.automatic import Act
    from shared.fhir.reader import JsonObject

_AUTHOR: Final = {"system": PARTICIPANT_TYPE, "code": "author"}


def signed(who: str, act: Act, *, reason: str | None = None) -> JsonObject:
    """Say that a person, given by reference, did it, and with their reason where they gave one."""
    said = {
        "resourceType": "Provenance",
        "target": [{"reference": target} for target in act.targets],
        "recorded": act.recorded,
        "activity": {"coding": [{"system": DATA_OPERATION, "code": act.activity}]},
        "agent": [{"type": {"coding": [_AUTHOR]}, "who": {"reference": who}}],
    }
    if reason:
        said["reason"] = [{"text": reason}]
    if act.sources:
        said["entity"] = [{"role": "source", "what": {"reference": each}} for each in act.sources]
    return said
