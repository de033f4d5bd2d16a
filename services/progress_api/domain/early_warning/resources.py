"""The Observations that state signals, and the RiskAssessments, as resources.

https://hl7.org/fhir/R4/riskassessment.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from services.progress_api.domain.completed_response import concept
from services.progress_api.domain.early_warning.policy import POLICY
from services.progress_api.domain.early_warning.signals import TITLES
from services.progress_api.domain.early_warning.stated import MEASURE
from shared.care.automatic import derived_id
from shared.care.canonical import code_system, profile

if TYPE_CHECKING:
    from services.progress_api.domain.early_warning.risk import Risk
    from services.progress_api.domain.early_warning.signals import Signal
    from shared.fhir.reader import JsonObject

SIGNAL: Final = "review-signal"
OUTCOMES: Final = {"relapse": "Relapse", "drop-out": "Dropping out of the programme"}
_HERE: Final = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}")
_REASON: Final = code_system("proposal-reason")
_LEVEL: Final = "http://terminology.hl7.org/CodeSystem/risk-probability"


def signal_observation(signal: Signal, patient_id: str) -> JsonObject:
    """State a signal, and what it rests on."""
    observation = {
        "resourceType": "Observation",
        "id": derived_id(f"Patient/{patient_id}/{signal.cause}", SIGNAL),
        "meta": {"profile": [profile("stepdown-observation")]},
        "status": "final",
        "category": [concept(_CATEGORY, "activity", "Activity")],
        "code": concept(MEASURE, SIGNAL, "Signal to review the plan"),
        "subject": {"reference": f"Patient/{patient_id}"},
        "effectiveDateTime": signal.at.isoformat(),
        "valueCodeableConcept": concept(_REASON, signal.reason, TITLES[signal.reason]),
    }
    for name, references in (("focus", signal.appointments), ("derivedFrom", signal.evidence)):
        if references:
            observation[name] = [{"reference": each} for each in references]
    return observation


_CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/observation-category"


def risk_id(outcome: str, patient_id: str) -> str:
    """Derive the id of a person's one RiskAssessment of an outcome."""
    return derived_id(f"Patient/{patient_id}", f"risk/{outcome}")


def risk_assessment(risk: Risk, patient_id: str) -> JsonObject:
    """Tell a risk by its level, and why."""
    why = sorted({each.title for each in risk.signs})
    said = f"{'; '.join(why)}." if why else "No sign of late."
    assessment = {
        "resourceType": "RiskAssessment",
        "id": risk_id(risk.outcome, patient_id),
        "status": "final",
        "method": {"text": f"{POLICY.name}|{POLICY.version}"},
        "code": concept(code_system("risk"), risk.outcome, OUTCOMES[risk.outcome]),
        "subject": {"reference": f"Patient/{patient_id}"},
        "occurrenceDateTime": risk.at.isoformat(),
        "prediction": [
            {
                "outcome": {"text": OUTCOMES[risk.outcome]},
                "qualitativeRisk": concept(_LEVEL, risk.level, f"{risk.level} likelihood"),
                "rationale": said,
            }
        ],
    }
    basis = dict.fromkeys(each.reference for each in risk.signs or risk.earlier)
    return assessment | {"basis": [{"reference": each} for each in basis]}


def cited(stated: JsonObject) -> list[str]:
    """Name the resources here that a signal or a risk rests on, whoever has written it."""
    named = ("derivedFrom", "basis", "focus")
    found = (str(each.get("reference", "")) for name in named for each in stated.get(name, ()))
    return [each for each in found if _HERE.fullmatch(each)]
