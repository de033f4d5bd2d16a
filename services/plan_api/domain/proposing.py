"""A revision that a clinician proposes: the proposal, its draft orders, and the team's Task."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from services.plan_api.domain import draft_plan, goal_changes
from services.plan_api.domain.applied_plan import referring_to
from services.plan_api.domain.bundle import Seen, put_new, transaction
from services.plan_api.domain.narrative import bullets, paragraph, titled, week, whole
from services.plan_api.domain.plan_difference import Difference, differences
from shared.care.automatic import Act, derived_id
from shared.care.canonical import code_system, profile
from shared.care.programme_plan import PROFILE, ids_of
from shared.care.signed import signed
from shared.care.worklist import owner
from shared.fhir.writer import canonical

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.plan_api.domain.goal_changes import GoalDifference
    from shared.fhir.reader import JsonObject

_TITLE: Final = "Proposal to revise the plan"
_DAYS_TO_REVIEW: Final = 7
_KEPT: Final = ("period", "careTeam", "addresses")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a clinician wants changed, why, and on which evidence (`Observation/7`)."""

    who: str
    reason: str
    added: Sequence[JsonObject]
    removed: Sequence[JsonObject]
    goals: Sequence[GoalDifference]
    evidence: Sequence[str]
    today: date
    recorded: str


def proposal_id(plan: Seen, wanted: Wanted) -> str:
    """Derive the id of a proposal, the same for the same wishes about the same plan."""
    gone = [each["id"] for each in wanted.removed]
    goals = [[each.extension, each.after or {}] for each in wanted.goals]
    asked = canonical([wanted.who, wanted.reason, wanted.added, gone, goals, wanted.evidence])
    return derived_id(plan.versioned, f"proposal/{hashlib.sha256(asked).hexdigest()}")


def proposed(
    plan: Seen, orders: Sequence[JsonObject], wanted: Wanted, bases: tuple[str, ...]
) -> JsonObject:
    """Write it all together; `orders` are those of the plan now."""
    logical_id = proposal_id(plan, wanted)
    added = [_order(each, i, logical_id, plan, wanted) for i, each in enumerate(wanted.added)]
    proposal = _proposal(plan, orders, added, wanted, bases) | {"id": logical_id}
    written = [proposal, *added, _task(plan, logical_id, wanted)]
    act = Act(
        targets=[f"{each['resourceType']}/{each['id']}" for each in written],
        sources=[plan.versioned, *wanted.evidence],
        recorded=wanted.recorded,
    )
    said = signed(wanted.who, act, reason=wanted.reason)
    said |= {"id": derived_id(f"CarePlan/{logical_id}", "proposed")}
    return transaction([put_new(each) for each in (*written, said)])


def _proposal(
    plan: Seen,
    orders: Sequence[JsonObject],
    added: Sequence[JsonObject],
    wanted: Wanted,
    bases: tuple[str, ...],
) -> JsonObject:
    current = plan.content
    changes: list[Difference | GoalDifference] = [
        *differences(wanted.removed, added),
        *wanted.goals,
    ]
    gone = {str(each["id"]) for each in wanted.removed}
    kept = [e for e in current.get("activity", ()) if not gone.intersection(_named(e, bases))]
    running = [*(each for each in orders if each["id"] not in gone), *added]
    text = [
        paragraph(f"{_TITLE}."),
        paragraph(f"Why: {wanted.reason}"),
        titled("What changes", bullets(each.told for each in changes)),
        titled("Week as it would be", week(running)),
    ]
    proposal = {name: current[name] for name in _KEPT if name in current} | {
        "resourceType": "CarePlan",
        "meta": {"profile": [PROFILE]},
        "text": whole(text),
        "contained": [each.after for each in wanted.goals if each.after],
        "extension": [each.extension for each in changes],
        "replaces": [{"reference": plan.reference}],
        "status": "draft",
        "intent": "proposal",
        "category": draft_plan.categories(),
        "title": _TITLE,
        "description": wanted.reason,
        "subject": current["subject"],
        "created": wanted.recorded,
        "author": {"reference": wanted.who},
        "supportingInfo": [{"reference": each} for each in wanted.evidence],
        "goal": goal_changes.goals_as_proposed(current, wanted.goals, bases),
        "activity": [*kept, *({"reference": referring_to(each)} for each in added)],
    }
    return {name: value for name, value in proposal.items() if value}


def _named(activity: JsonObject, bases: tuple[str, ...]) -> list[str]:
    return ids_of([activity.get("reference", {})], "ServiceRequest", bases)


def _order(asked: JsonObject, number: int, proposal: str, plan: Seen, wanted: Wanted) -> JsonObject:
    return asked | {
        "id": derived_id(f"CarePlan/{proposal}", f"activity/{number}"),
        "status": "draft",
        "intent": "order",
        "subject": plan.content["subject"],
        "authoredOn": wanted.recorded,
        "requester": {"reference": wanted.who},
    }


def _task(plan: Seen, proposal: str, wanted: Wanted) -> JsonObject:
    last_day = wanted.today + timedelta(days=_DAYS_TO_REVIEW)
    coding = {"system": code_system("task"), "code": "plan-review"}
    return {
        "resourceType": "Task",
        "id": derived_id(f"CarePlan/{proposal}", "task"),
        "meta": {"profile": [profile("stepdown-task")]},
        "basedOn": [{"reference": plan.reference}],
        "status": "requested",
        "intent": "order",
        "priority": "routine",
        "code": {"coding": [coding], "text": "Plan review"},
        "description": "A clinician proposes a revision. Accept or reject it.",
        "focus": {"reference": f"CarePlan/{proposal}"},
        "for": plan.content["subject"],
        "authoredOn": wanted.recorded,
        "executionPeriod": {"start": wanted.recorded},
        "requester": {"reference": wanted.who},
        "reasonCode": {"text": wanted.reason},
        "restriction": {"period": {"start": wanted.today.isoformat(), "end": last_day.isoformat()}},
        "owner": owner("plan-review", plan.content.get("careTeam", ())),
    }
