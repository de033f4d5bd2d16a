"""A suicide risk on the C-SSRS that is high or may be, and the alert that it raises.

Where answers leave the risk open, everything is done as for the highest that is possible. The
alert is a function of its cause alone, so that sending it again changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.progress_api.domain.once import made_once, said_once, transaction, urn
from shared.care.automatic import Act, Policy
from shared.care.canonical import CAUSE, code_system, profile
from shared.care.subject import patient_of
from shared.care.worklist import due, owner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.fhir.reader import JsonObject

POLICY: Final = Policy(
    "safety-alert-on-high-suicide-risk", "1.1", "Raises a safety alert on a high C-SSRS risk"
)

_NAME: Final = "suicide-risk-high"
_LOINC: Final = "http://loinc.org"
_HIGH: Final = (_LOINC, "LA9193-9")
# What is answered by a level: the risk, or the highest that missing answers leave possible.
_RISKS: Final = ((_LOINC, "93374-7"), (code_system("suicide-risk"), "highest"))
_FLAG_CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/flag-category"
# A value that nobody has stood by yet, or that was taken back, alerts nobody.
_STATED: Final = frozenset({"final", "amended", "corrected"})


@dataclass(frozen=True, slots=True)
class Cause:
    """Where a high risk was first stated: which version of an Observation, of whom, when.

    One that is not `certain` is the highest that is possible.
    """

    observation_id: str
    version: int
    patient_id: str
    stated: str
    certain: bool

    @property
    def name(self) -> str:
        """Name the alert, the same at every repetition."""
        return name_of(self.observation_id, self.version)


def name_of(observation_id: str, version: int) -> str:
    """Name the alert of a risk by the version that first stated it."""
    return f"Observation/{observation_id}/{version}/{_NAME}"


def raised_by(resource: JsonObject) -> str | None:
    """Give the id of the Observation that raised a Flag or a Task; None if it is no such alert."""
    for each in resource.get("identifier", ()):
        match str(each.get("value")).split("/"):
            case ["Observation", logical_id, _, name] if each.get("system") == CAUSE:
                return logical_id if name == _NAME else None
    return None


def person_at_high_risk(observation: JsonObject, bases: tuple[str, ...]) -> str | None:
    """Give the id of the person of whom an Observation states a high risk, if it does."""
    return patient_of(observation, "subject", bases) if states_high_risk(observation) else None


def states_high_risk(observation: JsonObject) -> bool:
    """Tell whether somebody stands by a high risk in an Observation."""
    is_stated = observation.get("status") in _STATED
    return is_stated and any(_is_high(each, _RISKS) for each in _answers(observation))


def is_certain(observation: JsonObject) -> bool:
    """Tell whether the high risk is what the Observation found, not only what is possible."""
    return any(_is_high(each, _RISKS[:1]) for each in _answers(observation))


def alert(cause: Cause) -> JsonObject:
    """Ask for a Flag and a Task that do not exist yet, and say who did it."""
    flag, task = urn(cause.name, "flag"), urn(cause.name, "task")
    act = Act(
        targets=(flag, task),
        sources=(f"Observation/{cause.observation_id}/_history/{cause.version}",),
        recorded=cause.stated,
    )
    return transaction(
        [
            made_once(flag, _flag(cause), cause.name),
            made_once(task, _task(cause), cause.name),
            said_once(POLICY, act, cause.name),
        ]
    )


def _answers(observation: JsonObject) -> Iterator[JsonObject]:
    yield observation
    yield from observation.get("component", ())


def _is_high(answer: JsonObject, asked: tuple[tuple[str, str], ...]) -> bool:
    value = answer.get("valueCodeableConcept", {})
    return any(_has(answer.get("code", {}), each) for each in asked) and _has(value, _HIGH)


def _has(concept: JsonObject, code: tuple[str, str]) -> bool:
    codings = concept.get("coding", ())
    return any((each.get("system"), each.get("code")) == code for each in codings)


def _flag(cause: Cause) -> JsonObject:
    found = "" if cause.certain else " not ruled out"
    return {
        "resourceType": "Flag",
        "status": "active",
        "category": [{"coding": [{"system": _FLAG_CATEGORY, "code": "safety"}]}],
        "code": {"text": f"High suicide risk on the C-SSRS{found}"},
        "subject": {"reference": f"Patient/{cause.patient_id}"},
        "period": {"start": cause.stated},
    }


def _task(cause: Cause) -> JsonObject:
    found = "shows" if cause.certain else "does not rule out"
    review = {"system": code_system("task"), "code": "safety-review"}
    return {
        "resourceType": "Task",
        "meta": {"profile": [profile("stepdown-task")]},
        "status": "requested",
        "intent": "order",
        "priority": "stat",
        "code": {"coding": [review], "text": "Safety review"},
        "description": f"The C-SSRS {found} a high suicide risk. Evaluate the person immediately.",
        "focus": {"reference": f"Observation/{cause.observation_id}"},
        "for": {"reference": f"Patient/{cause.patient_id}"},
        "authoredOn": cause.stated,
        "executionPeriod": {"start": cause.stated},
        "owner": owner("safety-review"),
        "restriction": due("safety-review", cause.stated),
    }
