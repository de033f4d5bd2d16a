"""A high suicide risk on the C-SSRS, and the alert that it raises.

The alert is a function of its cause alone, so that sending it again changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from shared.care.automatic import Act, Policy, derived_id, provenance
from shared.care.canonical import CAUSE, code_system, profile
from shared.care.subject import patient_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.fhir.reader import JsonObject

POLICY: Final = Policy(
    "safety-alert-on-high-suicide-risk", "1.0", "Raises a safety alert on a high C-SSRS risk"
)

_LOINC: Final = "http://loinc.org"
_RISK: Final = "93374-7"
_HIGH: Final = "LA9193-9"
_FLAG_CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/flag-category"
# A value that nobody has stood by yet, or that was taken back, alerts nobody.
_STATED: Final = frozenset({"final", "amended", "corrected"})


@dataclass(frozen=True, slots=True)
class Cause:
    """Where a high risk was first stated: which version of an Observation, of whom, when."""

    observation_id: str
    version: int
    patient_id: str
    stated: str

    @property
    def name(self) -> str:
        """Name the alert, the same at every repetition."""
        return f"Observation/{self.observation_id}/{self.version}/suicide-risk-high"


def person_at_high_risk(observation: JsonObject, bases: tuple[str, ...]) -> str | None:
    """Give the id of the person of whom an Observation states a high risk, if it does."""
    if observation.get("status") not in _STATED:
        return None
    if not any(_states_high_risk(each) for each in _answers(observation)):
        return None
    return patient_of(observation, "subject", bases)


def alert(cause: Cause) -> JsonObject:
    """Ask for a Flag and a Task that do not exist yet, and say who did it."""
    flag, task = _urn(cause, "flag"), _urn(cause, "task")
    act = Act(
        targets=(flag, task),
        sources=(f"Observation/{cause.observation_id}/_history/{cause.version}",),
        recorded=cause.stated,
    )
    said = derived_id(cause.name, "provenance")
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            _made_once(flag, _flag(cause), cause),
            _made_once(task, _task(cause), cause),
            {
                "fullUrl": f"urn:uuid:{said}",
                "resource": provenance(POLICY, act) | {"id": said},
                "request": {"method": "PUT", "url": f"Provenance/{said}"},
            },
        ],
    }


def _answers(observation: JsonObject) -> Iterator[JsonObject]:
    yield observation
    yield from observation.get("component", ())


def _states_high_risk(answer: JsonObject) -> bool:
    value = answer.get("valueCodeableConcept", {})
    return _has_code(answer.get("code", {}), _RISK) and _has_code(value, _HIGH)


def _has_code(concept: JsonObject, code: str) -> bool:
    codings = concept.get("coding", ())
    return any(each.get("system") == _LOINC and each.get("code") == code for each in codings)


def _urn(cause: Cause, purpose: str) -> str:
    return f"urn:uuid:{derived_id(cause.name, purpose)}"


def _made_once(full_url: str, resource: JsonObject, cause: Cause) -> dict[str, Any]:
    return {
        "fullUrl": full_url,
        "resource": resource | {"identifier": [{"system": CAUSE, "value": cause.name}]},
        "request": {
            "method": "POST",
            "url": resource["resourceType"],
            "ifNoneExist": f"identifier={CAUSE}|{cause.name}",
        },
    }


def _flag(cause: Cause) -> JsonObject:
    return {
        "resourceType": "Flag",
        "status": "active",
        "category": [{"coding": [{"system": _FLAG_CATEGORY, "code": "safety"}]}],
        "code": {"text": "High suicide risk on the C-SSRS"},
        "subject": {"reference": f"Patient/{cause.patient_id}"},
        "period": {"start": cause.stated},
    }


def _task(cause: Cause) -> JsonObject:
    review = {"system": code_system("task"), "code": "safety-review"}
    return {
        "resourceType": "Task",
        "meta": {"profile": [profile("stepdown-task")]},
        "status": "requested",
        "intent": "order",
        "priority": "stat",
        "code": {"coding": [review], "text": "Safety review"},
        "description": "The C-SSRS shows a high suicide risk. Evaluate the person immediately.",
        "focus": {"reference": f"Observation/{cause.observation_id}"},
        "for": {"reference": f"Patient/{cause.patient_id}"},
        "authoredOn": cause.stated,
    }
