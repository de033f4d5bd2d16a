"""The Tasks that ask a team to sign a draft plan, one for each member and each state of the plan.

https://hl7.org/fhir/R4/task.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shared.care.automatic import derived_id
from shared.care.canonical import profile
from shared.care.plan_signing import SIGN_OFF, SIGNED, digest, is_sign_off, signed_content, signers
from shared.care.programme_plan import is_ours
from shared.care.worklist import due

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.fhir.reader import JsonObject

_OPEN: Final = frozenset({"requested", "received", "accepted", "ready", "in-progress", "on-hold"})
_TOLD: Final = "Read the draft of the plan with its orders, and complete this Task to sign it."


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan as it stands, with the orders and the teams that it names."""

    plan: JsonObject
    orders: Sequence[JsonObject]
    teams: Sequence[JsonObject]


def is_to_be_signed(plan: JsonObject) -> bool:
    """Tell whether a plan is a draft of ours with something in it, and no proposal."""
    is_draft = is_ours(plan) and plan.get("status") == "draft" and plan.get("intent") == "plan"
    return is_draft and "activity" in plan


def asked(draft: Draft, recorded: str, bases: tuple[str, ...] = ()) -> list[JsonObject]:
    """Write the Tasks that a draft asks for as it stands."""
    content = digest(draft.plan, draft.orders)
    return [_task(draft.plan, each, content, recorded) for each in signers(draft.teams, bases)]


def no_longer_asked(draft: Draft, tasks: Sequence[JsonObject]) -> list[JsonObject]:
    """Choose the open Tasks about a plan as it was, or about one that is a draft no more."""
    content = digest(draft.plan, draft.orders) if is_to_be_signed(draft.plan) else None
    running = (each for each in tasks if is_sign_off(each) and each.get("status") in _OPEN)
    return [each for each in running if signed_content(each) != content]


def _task(plan: JsonObject, member: str, content: str, recorded: str) -> JsonObject:
    about = {"reference": f"CarePlan/{plan['id']}"}
    return {
        "resourceType": "Task",
        "id": derived_id(about["reference"], f"sign-off/{member}/{content}"),
        "meta": {"profile": [profile("stepdown-task")]},
        "basedOn": [about],
        "status": "requested",
        "intent": "order",
        "priority": "routine",
        "code": {"coding": [SIGN_OFF], "text": "Sign the plan"},
        "description": _TOLD,
        "focus": about,
        "for": plan["subject"],
        "authoredOn": recorded,
        "executionPeriod": {"start": recorded},
        "owner": {"reference": member},
        "restriction": due("sign-off", recorded),
        "input": [{"type": {"coding": [SIGNED]}, "valueString": content}],
    }
