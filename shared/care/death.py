"""Whether a Patient is said to have died, after whom nothing is asked or sent any more.

https://hl7.org/fhir/R4/patient-definitions.html#Patient.deceased_x_
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject

DIED: Final = "The person has died."


def is_dead(patient: JsonObject) -> bool:
    """Tell whether a Patient is said to have died."""
    return patient.get("deceasedBoolean") is True or "deceasedDateTime" in patient
