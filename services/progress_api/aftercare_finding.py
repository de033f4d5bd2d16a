"""Finds the plan by which measures go on after the programme, and whether they are wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.care.aftercare import CRITERION, episode_of, is_aftercare, is_refused
from shared.store.finding import find

if TYPE_CHECKING:
    from shared.feed.one_person import OnePerson
    from shared.store.finding import Found
    from shared.store.transaction import Transaction

_ENDED: Final = frozenset({"revoked", "entered-in-error"})


async def aftercare_of(episode_id: str, person: OnePerson, tx: Transaction) -> Found | None:
    """Find the plan that goes on after an episode; an ended one where there is no other."""
    found = await find(tx, "CarePlan", person.criterion, CRITERION)
    plans = [e for e in found if is_aftercare(e.content) and episode_of(e.content) == episode_id]
    return max(plans, key=_rank, default=None)


async def is_wanted(episode_id: str, person: OnePerson, tx: Transaction) -> bool:
    """Tell whether aftercare is wanted: its plan was not ended early, nor consent taken back."""
    plan = await aftercare_of(episode_id, person, tx)
    # A plan without a period was never in force: its handoff came to nothing.
    if plan is not None and plan.content["status"] in _ENDED and "period" in plan.content:
        return False
    consents = await find(tx, "Consent", person.criterion)
    return not is_refused(each.content for each in consents)


def _rank(plan: Found) -> tuple[bool, str]:
    return plan.content["status"] not in _ENDED, str(plan.content.get("created", ""))
