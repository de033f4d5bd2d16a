"""What a Task says of a referral: whether it is about one, where that stands, and its next step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from shared.care.canonical import code_system
from shared.care.referral.machine import BUSINESS_STATUS, State
from shared.fhir.dates import not_before

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.care.referral.machine import Transition
    from shared.fhir.reader import JsonObject

HANDOFF: Final = {"system": code_system("task"), "code": "handoff"}
REVIEW: Final = {"system": code_system("task"), "code": "referral"}
OWN: Final = code_system("referral")
TRIGGER: Final = code_system("referral-trigger")
# Partners may use the codes under the name of the guide that they come from.
SYSTEMS: Final = (OWN, "http://hl7.org/fhir/us/bser/CodeSystem/TaskBusinessStatusCS")


def is_handoff(task: JsonObject | None) -> bool:
    """Tell whether a Task hands a person over to another clinic."""
    return _has_code(task, HANDOFF)


def is_review(task: JsonObject | None) -> bool:
    """Tell whether a Task asks to look at a referral to the programme."""
    return _has_code(task, REVIEW)


def is_referral(task: JsonObject | None) -> bool:
    """Tell whether a Task goes the way of a referral, the whole or the plain one."""
    return is_handoff(task) or is_review(task) or is_tracked(task)


def is_tracked(task: JsonObject | None) -> bool:
    """Tell whether a Task says by a business status where its referral stands."""
    return bool(_business(task or {}))


def state_of(task: JsonObject) -> State:
    """Give where a referral stands; one that says several business statuses has none that fits."""
    codes = sorted({str(each.get("code")) for each in _business(task)})
    return State(task["status"], " and ".join(codes) or None)


def business_status(code: str, systems: Sequence[str] = (OWN,)) -> JsonObject:
    """Write a business status, under each of some names of the code system."""
    meaning = BUSINESS_STATUS[code]
    coding = [{"system": each, "code": code, "display": meaning} for each in systems]
    return {"coding": coding, "text": meaning}


def moved(task: JsonObject, step: Transition, at: str) -> JsonObject:
    """Give a Task as a step leaves it; what else its business status said is over."""
    said = [each["system"] for each in _business(task)]
    systems = [each for each in SYSTEMS if each in said] or [OWN]
    business = business_status(step.after.business or "", systems)
    modified = not_before(at, task.get("authoredOn", at))
    return task | {
        "status": step.after.status,
        "businessStatus": business,
        "lastModified": modified,
    }


def _business(task: JsonObject) -> list[dict[str, Any]]:
    codings = task.get("businessStatus", {}).get("coding", ())
    return [each for each in codings if each.get("system") in SYSTEMS]


def _has_code(task: JsonObject | None, code: dict[str, str]) -> bool:
    codings = (task or {}).get("code", {}).get("coding", ())
    return any({name: each.get(name) for name in code} == code for each in codings)
