"""Who has referred themselves: one who is surely known, somebody new, or a doubt for a person.

A name and a birth date may be another's, so whoever only may be known here is for a person to tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.intake_api.domain.notice.identity import Doubt
from services.intake_api.domain.notice.review import review_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.intake_api.domain.match import Match
    from services.intake_api.domain.self_referral import SelfReferral
    from shared.fhir.reader import JsonObject


def who(found: Sequence[tuple[str, Match]]) -> str | Doubt | None:
    """Decide among candidates by reference, the best first; None is somebody new."""
    if not found:
        return None
    certain = [reference for reference, match in found if match.grade == "certain"]
    if len(certain) == 1 and len(found) == 1:
        return certain[0]
    told = "; ".join(f"{reference}: {_explained(match)}" for reference, match in found)
    return Doubt(f"who is known here may be meant ({told})", tuple(each for each, _ in found))


def review(referral: SelfReferral, doubt: Doubt) -> JsonObject:
    """Ask a person, in the one review of a response."""
    task_id = referral.id_of("identity-review")
    task = review_of(doubt, "self-referral", referral.reference, referral.authored)
    return task | {"id": task_id}


def _explained(match: Match) -> str:
    reasons = ", ".join(f"{each.element} {each.finding} {each.points:+}" for each in match.reasons)
    return f"{match.grade}, {match.points} of 100: {reasons}"
