"""A signal calls for a look: the proposal to revise the plan, and the team's Task to look at it.

What is proposed is data. The proposal is a function of its evidence, so that it is made once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from services.plan_api.domain import draft_plan
from services.plan_api.domain.applied_plan import referring_to
from services.plan_api.domain.bundle import put_new, transaction
from services.plan_api.domain.narrative import narrative
from services.plan_api.templates import ACTIVITIES
from shared.care.automatic import Act, Policy, derived_id, provenance
from shared.care.canonical import code_system, profile
from shared.care.programme_plan import PROFILE
from shared.care.weekly_hours import activities_of
from shared.care.worklist import owner
from shared.fhir.reader import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shared.fhir.reader import JsonObject

_DATA: Final = read(files("services.plan_api.domain").joinpath("review_policy.json").read_bytes())
POLICY: Final = Policy(_DATA["name"], _DATA["version"], _DATA["title"])
# For which the policy has a proposal.
REASONS: Final[tuple[str, ...]] = tuple(_DATA["signals"])
_ACTIVITIES: Final = {each["id"]: each for each in ACTIVITIES}
_CHANGE: Final = code_system("change")
# A value that nobody has stood by yet, or that was taken back, is no evidence.
_STATED: Final = frozenset({"final", "amended", "corrected"})
_SYSTEM: Final = code_system("proposal-reason")
_TITLE: Final = "Proposal to revise the plan"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why, and for which plan: the change and the plan as they were read, and the moment."""

    observation: JsonObject
    observation_version: str
    plan: JsonObject
    plan_version: str
    today: date
    recorded: str

    @property
    def reason(self) -> str:
        """Name the reason."""
        return reason_of(self.observation) or ""

    @property
    def signal(self) -> dict[str, Any]:
        """Give what the policy says about the reason."""
        told: dict[str, Any] = _DATA["signals"][self.reason]
        return told

    def id_for(self, purpose: str) -> str:
        """Derive an id, the same for the same evidence."""
        return _derived(self.observation["id"], self.plan["subject"]["reference"], purpose)


def proposal_id(observation_id: str, patient: str) -> str:
    """Derive the id of the one proposal that an Observation can lead to for a person's plan."""
    return _derived(observation_id, patient, "proposal")


def _derived(observation_id: str, patient: str, purpose: str) -> str:
    return derived_id(f"Observation/{observation_id}", f"plan-review/{patient}/{purpose}")


def is_change(observation: JsonObject) -> bool:
    """Tell whether an Observation says how a measure has changed, or states a signal."""
    codings = observation.get("valueCodeableConcept", {}).get("coding", ())
    return any(each.get("system") in {_CHANGE, _SYSTEM} for each in codings)


def cited(observation: JsonObject) -> list[JsonObject]:
    """Name what a proposal rests on: the change, and the scores that it was made of."""
    stated = {"reference": f"Observation/{observation['id']}"}
    return [stated, *observation.get("derivedFrom", ())]


def calls_for_review(observation: JsonObject) -> bool:
    """Tell whether an Observation states what the policy answers with a proposal."""
    return reason_of(observation) is not None


def reason_of(observation: JsonObject) -> str | None:
    """Name the reason for a proposal that an Observation states; None where it states none."""
    if observation.get("status") not in _STATED or not is_change(observation):
        return None
    codings = observation["valueCodeableConcept"]["coding"]
    told = (each.get("code") for each in codings if each.get("system") in {_CHANGE, _SYSTEM})
    return next((code for code in told if code in _DATA["signals"]), None)


def is_because_of(task: JsonObject, reason: str) -> bool:
    """Tell whether a Task asks for a decision for a reason."""
    return _coding(reason) in task.get("reasonCode", {}).get("coding", ())


def _coding(reason: str) -> JsonObject:
    return {"system": _SYSTEM, "code": reason}


def proposal(evidence: Evidence, requests: Sequence[JsonObject]) -> JsonObject:
    """Ask for a proposal, its draft orders and the Task; `requests` are the plan's orders now."""
    additions = _DATA["additions"] if evidence.signal["adds"] else []
    orders = [_order(evidence, i, each) for i, each in enumerate(additions)]
    added = [each for each in orders if not is_ordered(each, requests)]
    written = [_plan(evidence, requests, added), *added, _task(evidence)]
    act = Act(
        targets=[f"{each['resourceType']}/{each['id']}" for each in written],
        sources=[evidence.observation_version, evidence.plan_version],
        recorded=evidence.recorded,
    )
    said = provenance(POLICY, act) | {"id": evidence.id_for("provenance")}
    return transaction([put_new(each) for each in (*written, said)])


def is_ordered(wanted: JsonObject, requests: Iterable[JsonObject]) -> bool:
    """Tell whether a running order asks for the same activity at the same times."""
    running = (each for each in requests if each.get("status") == "active")
    return any(_meeting(each) == _meeting(wanted) for each in running)


def _meeting(request: JsonObject) -> tuple[object, ...]:
    repeat = request.get("occurrenceTiming", {}).get("repeat", {})
    return activities_of(request), repeat.get("dayOfWeek"), repeat.get("timeOfDay")


def _plan(
    evidence: Evidence, requests: Sequence[JsonObject], added: Sequence[JsonObject]
) -> JsonObject:
    current, observation = evidence.plan, evidence.observation
    measure = observation.get("code", {}).get("text", "A measure")
    marked = "The proposal adds what is marked new." if added else "Nothing is added by itself."
    description = f"{measure}: {evidence.signal['says']} {marked}"
    kept = {
        name: current[name]
        for name in ("period", "careTeam", "goal", "addresses")
        if name in current
    }
    return kept | {
        "resourceType": "CarePlan",
        "id": evidence.id_for("proposal"),
        "meta": {"profile": [PROFILE]},
        "text": narrative((f"{_TITLE}.", description), [*requests, *map(_marked, added)]),
        "replaces": [{"reference": f"CarePlan/{current['id']}"}],
        "status": "draft",
        "intent": "proposal",
        "category": draft_plan.categories(),
        "title": _TITLE,
        "description": description,
        "subject": current["subject"],
        "created": evidence.recorded,
        "supportingInfo": cited(observation),
        "activity": [
            *current.get("activity", ()),
            *({"reference": referring_to(each)} for each in added),
        ],
    }


def _marked(request: JsonObject) -> JsonObject:
    return request | {"code": {"text": f"New: {request['code']['text']}"}}


def _order(evidence: Evidence, number: int, addition: dict[str, Any]) -> JsonObject:
    activity = _ACTIVITIES[addition["activity"]]
    end = evidence.plan.get("period", {}).get("end")
    bounds = {"start": evidence.today.isoformat()} | ({"end": end} if end else {})
    return {
        "resourceType": "ServiceRequest",
        "id": evidence.id_for(f"activity/{number}"),
        "instantiatesCanonical": [f"{activity['url']}|{activity['version']}"],
        "status": "draft",
        "intent": "order",
        "category": activity["topic"],
        "code": activity["code"],
        "subject": evidence.plan["subject"],
        "occurrenceTiming": {"repeat": {"boundsPeriod": bounds} | addition["repeat"]},
        "authoredOn": evidence.recorded,
        "reasonReference": [{"reference": f"Observation/{evidence.observation['id']}"}],
    }


def _task(evidence: Evidence) -> JsonObject:
    plan = evidence.plan
    last_day = evidence.today + timedelta(days=_DATA["days_to_review"])
    return {
        "resourceType": "Task",
        "id": evidence.id_for("task"),
        "meta": {"profile": [profile("stepdown-task")]},
        "basedOn": [{"reference": f"CarePlan/{plan['id']}"}],
        "status": "requested",
        "intent": "order",
        "priority": "urgent",
        "code": {
            "coding": [{"system": code_system("task"), "code": "plan-review"}],
            "text": "Plan review",
        },
        "description": f"{evidence.signal['says']} Accept or reject the proposed revision.",
        "focus": {"reference": f"CarePlan/{evidence.id_for('proposal')}"},
        "for": plan["subject"],
        "authoredOn": evidence.recorded,
        "executionPeriod": {"start": evidence.recorded},
        "reasonCode": {"coding": [_coding(evidence.reason)], "text": evidence.signal["text"]},
        "reasonReference": {"reference": f"Observation/{evidence.observation['id']}"},
        "restriction": {
            "period": {"start": evidence.today.isoformat(), "end": last_day.isoformat()}
        },
        "owner": owner("plan-review", plan.get("careTeam", ())),
    }
