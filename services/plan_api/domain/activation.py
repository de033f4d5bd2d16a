"""What comes into force with a plan, and when a plan is over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.care.automatic import Policy
from shared.care.programme_plan import is_ours

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject

POLICY: Final = Policy(
    "parts-follow-the-plan", "1.0", "Makes goals, team and orders active with their plan"
)
_OVER: Final = frozenset({"revoked", "completed", "entered-in-error"})
# What an order comes to with a plan that is over.
ENDED: Final = frozenset({"completed", "revoked"})
_IN_FORCE: Final = frozenset({"active", "on-hold"})
_WAITING_GOAL: Final = frozenset({"proposed", "planned", "accepted"})


def is_followed(plan: JsonObject) -> bool:
    """Tell whether orders and appointments follow a plan: it is ours, and not only proposed."""
    return is_ours(plan) and plan.get("intent") != "proposal"


def is_over(plan: JsonObject) -> bool:
    """Tell whether nothing of a plan is to come any more."""
    return plan.get("status") in _OVER


def ended_order(request: JsonObject, plan: JsonObject) -> JsonObject | None:
    """End an order with its plan: as the plan ended where it was in force, else revoked.

    None where nothing is to come of it any more, or the plan was a mistake.
    """
    ended = str(plan["status"])
    if ended == "entered-in-error":
        return None
    if request.get("status") in _IN_FORCE:
        return request | {"status": ended}
    return request | {"status": "revoked"} if request.get("status") == "draft" else None


def in_force(part: JsonObject) -> JsonObject | None:
    """Make a proposed Goal or CareTeam active; None where it is not one that waits."""
    if part["resourceType"] == "Goal" and part.get("lifecycleStatus") in _WAITING_GOAL:
        return part | {"lifecycleStatus": "active"}
    if part["resourceType"] == "CareTeam" and part.get("status") == "proposed":
        return part | {"status": "active"}
    return None
