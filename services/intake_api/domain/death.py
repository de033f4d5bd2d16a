"""Whether a person has died, as the record tells: by their Patient, or by how a stay ended.

https://hl7.org/fhir/R4/patient-definitions.html#Patient.deceased_x_
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.intake_api.domain.stay import disposition

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.fhir.reader import JsonObject


def is_dead(patient: JsonObject) -> bool:
    """Tell whether a Patient is said to have died."""
    return patient.get("deceasedBoolean") is True or "deceasedDateTime" in patient


def death_told(encounters: Iterable[JsonObject]) -> JsonObject | None:
    """Find the Encounter that ended with the person's death."""
    return next((each for each in encounters if ended_in_death(each)), None)


def ended_in_death(encounter: JsonObject) -> bool:
    """Tell whether an Encounter ended with the person's death."""
    return encounter.get("status") == "finished" and disposition(encounter) == "death"
