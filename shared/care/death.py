"""Whether a Patient is said to have died, after whom nothing is asked or sent any more.

https://hl7.org/fhir/R4/patient-definitions.html#Patient.deceased_x_
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.care.automatic import Policy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.fhir.reader import JsonObject

ENDS_CARE: Final = Policy(
    "care-ends-with-death", "1.0", "Ends what is open for a person who has died"
)
DIED: Final = "The person has died."
_REASONS: Final = ("statusReason", "cancelationReason")


def is_dead(patient: JsonObject) -> bool:
    """Tell whether a Patient is said to have died."""
    return patient.get("deceasedBoolean") is True or "deceasedDateTime" in patient


def resumed(resource: JsonObject, earlier: Iterable[JsonObject]) -> JsonObject | None:
    """Give what a death had stopped as it stood before, of versions from last to first.

    None where it was not a death that stopped it.
    """
    before = next((each for each in earlier if not is_stopped(each)), None)
    if before is None or not is_stopped(resource):
        return None
    rest = {name: value for name, value in resource.items() if name not in _REASONS}
    told = {name: before[name] for name in ("status", *_REASONS) if name in before}
    return rest | told


def is_stopped(resource: JsonObject) -> bool:
    """Tell whether it was a death that stopped something."""
    return any(resource.get(name, {}).get("text") == DIED for name in _REASONS)
