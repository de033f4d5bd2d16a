"""Whether a person needs an interpreter, and for which language, as their Patient says.

https://hl7.org/fhir/R4/extension-patient-interpreterrequired.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject

_NEEDS_INTERPRETER: Final = "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired"
_US_CORE: Final = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-interpreter-needed"
_YES: Final = "373066001"


def needs_interpreter(patient: JsonObject) -> bool:
    """Tell whether a Patient asks for an interpreter."""
    return any(map(_asks_for_interpreter, patient.get("extension", ())))


def languages(patient: JsonObject) -> list[str]:
    """List the codes of the languages that a person prefers."""
    told = [each for each in patient.get("communication", ()) if each.get("preferred")]
    return [c["code"] for e in told for c in e["language"].get("coding", ()) if "code" in c]


def _asks_for_interpreter(extension: JsonObject) -> bool:
    if extension.get("url") == _US_CORE:
        return bool(extension.get("valueCoding", {}).get("code") == _YES)
    return extension.get("url") == _NEEDS_INTERPRETER and extension.get("valueBoolean") is True
