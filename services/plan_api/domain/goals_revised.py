"""The goals of a plan as an accepted proposal revises them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.plan_api.domain.bundle import put, put_instead
from services.plan_api.domain.goal_changes import begun, changed, ended, pairs
from shared.care.automatic import derived_id
from shared.care.programme_plan import ids_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.plan_api.domain.bundle import Seen
    from shared.fhir.reader import JsonObject


@dataclass(frozen=True, slots=True)
class GoalsRevised:
    """What is written, which goals are pursued from now on, and how the plan refers to them."""

    entries: list[JsonObject]
    pursued: list[JsonObject]
    references: list[JsonObject]


def goals_revised(
    proposal: Seen, plan: JsonObject, goals: Sequence[Seen], *, day: str, bases: tuple[str, ...]
) -> GoalsRevised:
    """Change, end and begin what a proposal says; `goals` are those of the plan now."""
    held = {str(each.content["id"]): each for each in goals}
    contained = {each["id"]: each for each in proposal.content.get("contained", ())}
    found = pairs(proposal.content, bases)
    why = str(proposal.content.get("description", "The plan was revised."))
    after = {
        before: changed(held[before].content, contained[name])
        for before, name in found
        if before in held and name in contained
    }
    over = {
        before: ended(held[before].content, day, why)
        for before, name in found
        if before in held and name is None
    }
    new = [
        begun(contained[name], derived_id(proposal.reference, name), day)
        for before, name in found
        if before is None and name is not None and name in contained
    ]
    kept = [
        each
        for each in plan.get("goal", ())
        if over.keys().isdisjoint(ids_of([each], "Goal", bases))
    ]
    return GoalsRevised(
        entries=[*(put_instead(held[i], g) for i, g in (after | over).items()), *map(put, new)],
        pursued=[*(after.get(i, e.content) for i, e in held.items() if i not in over), *new],
        references=[*kept, *({"reference": f"Goal/{each['id']}"} for each in new)],
    )
