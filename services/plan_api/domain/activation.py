"""What comes into force with a plan, and when a plan is over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.care.automatic import Policy

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject

POLICY: Final = Policy(
    "parts-follow-the-plan", "1.0", "Makes goals, team and orders active with their plan"
)
_OVER: Final = frozenset({"revoked", "completed", "entered-in-error"})
_WAITING_GOAL: Final = frozenset({"proposed", "planned", "accepted"})


def is_over(plan: JsonObject) -> bool:
    """Tell whether nothing of a plan is to come any more."""
    return plan.get("status") in _OVER


def in_force(part: JsonObject) -> JsonObject | None:
    """Make a proposed Goal or CareTeam active; None where it is not one that waits."""
    if part["resourceType"] == "Goal" and part.get("lifecycleStatus") in _WAITING_GOAL:
        return part | {"lifecycleStatus": "active"}
    if part["resourceType"] == "CareTeam" and part.get("status") == "proposed":
        return part | {"status": "active"}
    return None
