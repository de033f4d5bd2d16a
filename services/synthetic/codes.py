"""Codes and units that the histories are written in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject

LOINC: Final = "http://loinc.org"
SNOMED: Final = "http://snomed.info/sct"
ICD_10_CM: Final = "http://hl7.org/fhir/sid/icd-10-cm"
RXNORM: Final = "http://www.nlm.nih.gov/research/umls/rxnorm"
UCUM: Final = "http://unitsofmeasure.org"
NUCC: Final = "http://nucc.org/provider-taxonomy"
HL7: Final = "http://terminology.hl7.org/CodeSystem"


def coding(system: str, code: str, display: str | None = None) -> JsonObject:
    """Make a Coding."""
    told = {"system": system, "code": code}
    return told | {"display": display} if display else told


def concept(text: str, *codings: JsonObject) -> JsonObject:
    """Make a CodeableConcept; people read the text, programs the codings."""
    return {"coding": list(codings), "text": text} if codings else {"text": text}


def quantity(value: int, unit: str, code: str) -> JsonObject:
    """Make a Quantity in a UCUM unit."""
    return {"value": value, "unit": unit, "system": UCUM, "code": code}
