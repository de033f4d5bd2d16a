"""The GuidanceResponse that carries a level of care.

It supports a decision that a clinician makes; its trace lets the clinician review the basis.
https://hl7.org/fhir/R4/guidanceresponse.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake_api.domain.level_of_care.criteria_set import UNDECIDED
from services.intake_api.domain.level_of_care.narrative import narrative
from services.intake_api.domain.level_of_care.valuation import CRITERION
from shared.care.automatic import Policy, derived_id

if TYPE_CHECKING:
    from services.intake_api.domain.level_of_care.assessment import Assessment
    from shared.fhir.reader import JsonObject

POLICY: Final = Policy("level-of-care", "1.0", "Decides a level of care by a criteria set")


def guidance_id(assessment: Assessment, patient_id: str) -> str:
    """Derive the id of a decision: the same for the same person, evidence and set."""
    return derived_id(f"Patient/{patient_id}", f"level-of-care/{assessment.hash}")


def guidance(assessment: Assessment, patient_id: str, occurred: str) -> JsonObject:
    """Write the GuidanceResponse of a decision."""
    decision = assessment.decision
    undecided = decision.outcome == UNDECIDED
    trace = {"resourceType": "Parameters", "id": "trace", "parameter": assessment.parameters}
    resource: JsonObject = {
        "resourceType": "GuidanceResponse",
        "id": guidance_id(assessment, patient_id),
        "text": {"status": "generated", "div": narrative(assessment)},
        "contained": [trace],
        "moduleCanonical": assessment.criteria_set.canonical,
        "status": "data-required" if undecided else "success",
        "subject": {"reference": f"Patient/{patient_id}"},
        "occurrenceDateTime": occurred,
        "outputParameters": {"reference": "#trace"},
    }
    if decision.missing:
        resource["dataRequirement"] = [_required(each) for each in decision.missing]
    return resource


def _required(criterion: str) -> JsonObject:
    coding = {"system": CRITERION, "code": criterion}
    return {"type": "Observation", "codeFilter": [{"path": "code", "code": [coding]}]}
