"""A proposal to revise a plan is accepted or rejected by a clinician, who signs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.plan_api.domain.applied_plan import referring_to
from services.plan_api.domain.bundle import Seen, put, put_instead, put_over, transaction
from services.plan_api.domain.goals_revised import goals_revised
from services.plan_api.domain.plan_page import Parts, page
from services.plan_api.domain.review import is_ordered
from shared.care.automatic import Act, derived_id
from shared.care.canonical import code_system
from shared.care.signed import signed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, tzinfo

    from services.plan_api.domain.needs import Known
    from shared.fhir.reader import JsonObject

_OPEN_TASK: Final = frozenset(
    {"draft", "requested", "received", "accepted", "ready", "in-progress", "on-hold"}
)
_REVIEW: Final = {"system": code_system("task"), "code": "plan-review"}
_ACCEPTED: Final = "Revised as proposed."


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposal as it was read, with the orders that wait for it and the Tasks about it."""

    proposal: Seen
    drafts: Sequence[Seen]
    tasks: Sequence[Seen]
    removed: Sequence[Seen] = ()


@dataclass(frozen=True, slots=True)
class Current:
    """A plan in force as it was read, with what it names, and the person whose it is."""

    plan: Seen
    orders: Sequence[JsonObject]
    goals: Sequence[Seen]
    tasks: Sequence[JsonObject]
    teams: Sequence[JsonObject]
    known: Known


@dataclass(frozen=True, slots=True)
class Decision:
    """What a clinician decided about a proposal: who, when, and in which words."""

    who: str
    recorded: str
    today: date
    zone: tzinfo
    reason: str | None
    comment: str | None

    @property
    def words(self) -> str | None:
        """Give the reason and the comment together."""
        return " ".join(each for each in (self.reason, self.comment) if each) or None


def is_open_review(task: JsonObject) -> bool:
    """Tell whether a Task asks the team to decide about a proposal."""
    return is_review(task) and task.get("status") in _OPEN_TASK


def is_review(task: JsonObject) -> bool:
    """Tell whether a Task is or was about the decision on a proposal."""
    codings = task.get("code", {}).get("coding", ())
    return any(_REVIEW.items() <= each.items() for each in codings)


def accepted(
    proposed: Proposed, current: Current, decision: Decision, bases: tuple[str, ...]
) -> JsonObject:
    """Revise the newest version of the plan as proposed."""
    added = [each for each in proposed.drafts if not is_ordered(each.content, current.orders)]
    needless = [each for each in proposed.drafts if each not in added]
    gone = {each.reference for each in proposed.removed}
    staying = [each for each in current.orders if f"ServiceRequest/{each['id']}" not in gone]
    running = [*staying, *(each.content for each in added)]
    plan, day = current.plan.content, decision.today.isoformat()
    goals = goals_revised(proposed.proposal, plan, current.goals, day=day, bases=bases)
    parts = Parts(goals.pursued, running, current.tasks, current.teams)
    named = {"goal": goals.references, "activity": _activities(plan, gone, added)}
    revised = plan | named | _decided_on(proposed.proposal, plan, decision)
    revised = {name: value for name, value in revised.items() if value != []}
    told = {"text": page(revised, current.known, parts, day=decision.today, zone=decision.zone)}
    entries = [
        put_instead(current.plan, revised | told),
        *goals.entries,
        *(put_over(each, {"status": "revoked"}) for each in proposed.removed),
        *(put_over(each, {"status": "active"}) for each in added),
        *(put_over(each, {"status": "revoked"}) for each in needless),
        put_over(proposed.proposal, {"status": "completed"}),
        *(put_over(each, _decided("accepted", decision)) for each in proposed.tasks),
    ]
    targets = [each["request"]["url"] for each in entries]
    return transaction([*entries, _said(proposed, targets, decision)])


def rejected(proposed: Proposed, decision: Decision) -> JsonObject:
    """Leave the plan as it is, and say why."""
    revoked = [proposed.proposal, *proposed.drafts]
    entries = [
        *(put_over(each, {"status": "revoked"}) for each in revoked),
        *(put_over(each, _decided("rejected", decision)) for each in proposed.tasks),
    ]
    targets = [each["request"]["url"] for each in entries]
    return transaction([*entries, _said(proposed, targets, decision)])


def _activities(plan: JsonObject, gone: set[str], added: Sequence[Seen]) -> list[JsonObject]:
    kept = [each for each in plan.get("activity", ()) if not _is_of(each, gone)]
    return [*kept, *({"reference": referring_to(each.content)} for each in added)]


def _is_of(activity: JsonObject, orders: set[str]) -> bool:
    named = str(activity.get("reference", {}).get("reference", ""))
    return "/".join(named.split("/")[-2:]) in orders


def _decided_on(proposal: Seen, plan: JsonObject, decision: Decision) -> JsonObject:
    author = {"reference": decision.who}
    note = {
        "authorReference": author,
        "time": decision.recorded,
        "text": decision.words or _ACCEPTED,
    }
    contributors = plan.get("contributor", [])
    # What a plan is based on is the proposal that made it what it is; that says what it replaces.
    followed = {"reference": proposal.reference}
    return {
        "basedOn": [*plan.get("basedOn", ()), followed],
        "note": [*plan.get("note", ()), note],
        "contributor": contributors if author in contributors else [*contributors, author],
    }


def _decided(decision: str, made: Decision) -> JsonObject:
    decided: JsonObject = {
        "status": "completed",
        "lastModified": made.recorded,
        "output": [{"type": {"text": "Decision"}, "valueString": decision}],
    }
    return decided | ({"statusReason": {"text": made.words}} if made.words else {})


def _said(proposed: Proposed, targets: Sequence[str], decision: Decision) -> JsonObject:
    act = Act(
        targets=targets,
        sources=[proposed.proposal.versioned],
        recorded=decision.recorded,
        activity="UPDATE",
    )
    said = derived_id(proposed.proposal.reference, "decided")
    return put(signed(decision.who, act, reason=decision.words) | {"id": said})
