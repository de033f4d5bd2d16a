"""Measures of a synthetic history: questionnaire totals, suicide risk and vital signs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.synthetic.codes import HL7, LOINC, coding, concept, quantity

if TYPE_CHECKING:
    from services.synthetic.chance import Chance
    from shared.fhir.reader import JsonObject

SURVEY: Final = ("survey", "Survey")
VITAL_SIGNS: Final = ("vital-signs", "Vital Signs")

PHQ_9: Final = ("44261-6", "PHQ-9 total score")
GAD_7: Final = ("70274-6", "GAD-7 total score")
SUICIDE_RISK: Final = ("93374-7", "C-SSRS suicide risk")
BLOOD_PRESSURE: Final = ("85354-9", "Blood pressure")
SYSTOLIC: Final = ("8480-6", "Systolic blood pressure")
DIASTOLIC: Final = ("8462-4", "Diastolic blood pressure")
HEART_RATE: Final = ("8867-4", "Heart rate")
BODY_WEIGHT: Final = ("29463-7", "Body weight")

RISKS: Final = {
    "low": concept("Low risk", coding(LOINC, "LA9194-7")),
    "moderate": concept("Moderate risk", coding(LOINC, "LA6751-7")),
    "high": concept("High risk", coding(LOINC, "LA9193-9")),
}


@dataclass(frozen=True, slots=True)
class Occasion:
    """Who was measured, in which encounter, at what time."""

    subject: JsonObject
    encounter: JsonObject
    time: str


def score(occasion: Occasion, code: tuple[str, str], value: int) -> JsonObject:
    """Record the total of a questionnaire."""
    return _observation(occasion, SURVEY, code) | {
        "valueQuantity": quantity(value, "{score}", "{score}")
    }


def suicide_risk(occasion: Occasion, level: str) -> JsonObject:
    """Record the risk that the C-SSRS screener came to."""
    return _observation(occasion, SURVEY, SUICIDE_RISK) | {"valueCodeableConcept": RISKS[level]}


def vital_signs(occasion: Occasion, weight: int, chance: Chance) -> list[JsonObject]:
    """Record blood pressure, heart rate and weight."""
    systolic, diastolic = chance.between(104, 142), chance.between(62, 90)
    parts = [
        {"code": _concept(SYSTOLIC), "valueQuantity": quantity(systolic, "mmHg", "mm[Hg]")},
        {"code": _concept(DIASTOLIC), "valueQuantity": quantity(diastolic, "mmHg", "mm[Hg]")},
    ]
    rate = quantity(chance.between(58, 98), "beats/minute", "/min")
    return [
        _observation(occasion, VITAL_SIGNS, BLOOD_PRESSURE) | {"component": parts},
        _observation(occasion, VITAL_SIGNS, HEART_RATE) | {"valueQuantity": rate},
        _observation(occasion, VITAL_SIGNS, BODY_WEIGHT)
        | {"valueQuantity": quantity(weight, "kg", "kg")},
    ]


def _observation(
    occasion: Occasion, category: tuple[str, str], code: tuple[str, str]
) -> JsonObject:
    name, text = category
    return {
        "status": "final",
        "category": [concept(text, coding(f"{HL7}/observation-category", name, text))],
        "code": _concept(code),
        "subject": occasion.subject,
        "encounter": occasion.encounter,
        "effectiveDateTime": occasion.time,
    }


def _concept(code: tuple[str, str]) -> JsonObject:
    number, text = code
    return concept(text, coding(LOINC, number))
