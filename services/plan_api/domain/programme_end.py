"""What becomes of a person's plans when the programme has ended for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.care.automatic import Policy
from shared.care.episode import is_programme
from shared.care.programme_plan import is_ours

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject

POLICY: Final = Policy("plan-ends-with-the-programme", "1.0", "Ends plans with the episode of care")
_ENDED: Final = frozenset({"finished", "cancelled"})
_IN_FORCE: Final = frozenset({"active", "on-hold"})


def has_ended(episode: JsonObject) -> bool:
    """Tell whether an EpisodeOfCare is one of the programme that has ended."""
    return is_programme(episode) and episode.get("status") in _ENDED


def ended_plan(plan: JsonObject) -> JsonObject | None:
    """End a plan of ours: completed where it was in force, else revoked; None if it has ended."""
    if not is_ours(plan):
        return None
    if plan.get("status") in _IN_FORCE:
        return plan | {"status": "completed"}
    return plan | {"status": "revoked"} if plan.get("status") == "draft" else None
