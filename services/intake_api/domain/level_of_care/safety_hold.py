"""The Task that holds a person's way up while a safety criterion is unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.care.automatic import derived_id
from shared.care.canonical import code_system, profile
from shared.care.worklist import due, owner

if TYPE_CHECKING:
    from services.intake_api.domain.level_of_care.assessment import Assessment
    from shared.fhir.reader import JsonObject

SAFETY_HOLD: Final = {"system": code_system("task"), "code": "safety-hold"}
OPEN: Final = "draft,requested,received,accepted,ready,in-progress,on-hold"


def hold_id(assessment: Assessment, anchor: str) -> str:
    """Derive the id of the hold: one for an episode, as long as its safety evidence stands."""
    told = (piece.versioned for each in assessment.unknown_safety for piece in each.pieces)
    return derived_id(anchor, "/".join(("safety-hold", *told)))


def hold(assessment: Assessment, patient_id: str, anchor: str, authored: str) -> JsonObject:
    """Ask for what is unknown about safety, so that it is judged before anything else."""
    asked = ", ".join(each.criterion for each in assessment.unknown_safety)
    return {
        "resourceType": "Task",
        "id": hold_id(assessment, anchor),
        "meta": {"profile": [profile("stepdown-task")]},
        "status": "requested",
        "intent": "order",
        "priority": "asap",
        "code": {"coding": [SAFETY_HOLD], "text": "Safety hold"},
        "description": f"Not known: {asked}. A clinician judges it before anything is recommended.",
        "focus": {"reference": anchor},
        "for": {"reference": f"Patient/{patient_id}"},
        "authoredOn": authored,
        "executionPeriod": {"start": authored},
        "owner": owner("safety-hold"),
        "restriction": due("safety-hold", authored),
    }


def released(task: JsonObject, guidance: str, modified: str) -> JsonObject:
    """Complete a hold by the decision in which nothing about safety is unknown."""
    output = {"type": {"text": "Level of care"}, "valueReference": {"reference": guidance}}
    return task | {"status": "completed", "lastModified": modified, "output": [output]}
