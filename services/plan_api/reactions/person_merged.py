"""Two Patients turn out to be one person, or not to be: their plans are followed as they stand.

What is known of one is known of both then, so a plan may be followed that nobody was in care for,
and be proposed to be revised for what was told of the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.domain import own_page
from services.plan_api.episodes import programme_episode
from services.plan_api.reactions import (
    own_plan_told,
    programme_begun,
    proposal_grounds,
    reliable_worsening,
    signatures_asked,
)
from shared.care.merge import may_merge
from shared.care.programme_plan import is_ours
from shared.feed.one_person import persons_merged
from shared.feed.reaction import Reaction
from shared.store.finding import find

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.feed.one_person import OnePerson
    from shared.feed.reaction import Event

_IN_CARE: Final = "active,onhold"


async def handle(event: Event, effects: Effects) -> None:
    """Follow the plans of each person whom a write has merged or parted."""
    # A Patient who comes with a link is history, of which nothing follows.
    if event.version == 1:
        return
    for person in await persons_merged(event, effects.tx):
        await _follow(person, event, effects)


async def _follow(person: OnePerson, event: Event, effects: Effects) -> None:
    if await programme_episode(effects.tx, person, _IN_CARE) is not None:
        await programme_begun.begin(person, effects)
    for plan in await find(effects.tx, "CarePlan", person.criterion):
        if proposal_grounds.is_proposal(plan.content):
            await proposal_grounds.follow(plan, event, effects)
        elif is_ours(plan.content) and plan.content["status"] == "draft":
            await signatures_asked.ask(plan, effects)
        elif own_page.is_to_be_told(plan.content):
            await own_plan_told.tell(plan, effects)
    await reliable_worsening.propose_for(person, effects)


REACTION: Final = Reaction("person_merged", frozenset({"Patient"}), handle, may_merge)
