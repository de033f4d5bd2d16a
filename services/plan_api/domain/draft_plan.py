"""The draft plan that is prepared when an inpatient stay ends, for a clinician to complete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.domain.narrative import narrative
from shared.care.automatic import Policy, derived_id
from shared.care.programme_plan import PROFILE

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject

POLICY: Final = Policy(
    "draft-plan-after-inpatient-stay", "1.0", "Prepares a draft plan when an inpatient stay ends"
)

_ACT_CODE: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_INPATIENT: Final = frozenset({"IMP", "ACUTE", "NONAC"})
_TITLE: Final = "Draft plan after an inpatient stay"
_DESCRIPTION: Final = (
    "Prepared automatically when the inpatient stay ended. No clinician has reviewed it yet."
)
# Older clients search by `assess-plan`, so every plan carries it beside a category of its own.
_CATEGORIES: Final = (
    ("http://hl7.org/fhir/us/core/CodeSystem/careplan-category", "assess-plan", None),
    ("http://snomed.info/sct", "736271009", "Outpatient care plan"),
)


def ends_inpatient_stay(encounter: JsonObject) -> bool:
    """Tell whether an Encounter is an inpatient stay that is over."""
    kind = encounter.get("class", {})
    is_inpatient = kind.get("system") == _ACT_CODE and kind.get("code") in _INPATIENT
    return is_inpatient and encounter.get("status") == "finished"


def draft_plan_id(encounter_id: str) -> str:
    """Derive the id of the one draft plan that belongs to a stay."""
    return derived_id(f"Encounter/{encounter_id}", "draft-plan")


def draft_plan(encounter_id: str, patient_id: str, created: str) -> JsonObject:
    """Write the draft: it says what it is, for whom, and after which stay."""
    return {
        "resourceType": "CarePlan",
        "meta": {"profile": [PROFILE]},
        "text": narrative([f"{_TITLE}. {_DESCRIPTION}"]),
        "status": "draft",
        "intent": "plan",
        "category": categories(),
        "title": _TITLE,
        "description": _DESCRIPTION,
        "subject": {"reference": f"Patient/{patient_id}"},
        "created": created,
        "supportingInfo": [{"reference": f"Encounter/{encounter_id}"}],
    }


def categories() -> list[JsonObject]:
    """Give the categories of every plan of ours."""
    return [_concept(*category) for category in _CATEGORIES]


def _concept(system: str, code: str, display: str | None) -> JsonObject:
    coding = {"system": system, "code": code}
    return {"coding": [coding | {"display": display} if display else coding]}
