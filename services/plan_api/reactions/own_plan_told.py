"""A plan of a person's own was written: its page follows what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.domain import own_page
from shared.care.automatic import Act, provenance
from shared.care.subject import patient_of
from shared.feed.open_episode import has_open_episode
from shared.feed.reaction import Event, Reaction
from shared.server.saving import save
from shared.store.finding import fetch
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.store.finding import Found


async def handle(event: Event, effects: Effects) -> None:
    """Write the page where it says something else, or nothing yet."""
    plan = await fetch(effects.tx, event.key)
    if plan is not None:
        await tell(plan, effects)


async def tell(plan: Found, effects: Effects) -> None:
    """Let the page of a plan say what the plan says, of somebody in care."""
    if not own_page.is_to_be_told(plan.content):
        return
    patient_id = patient_of(plan.content, "subject", effects.tx.bases)
    if patient_id is None or not await has_open_episode(effects.tx, patient_id):
        return
    text = own_page.page(plan.content, effects.tx.zone)
    if plan.content.get("text") == text:
        return
    act = Act([plan.reference], [plan.versioned], instant(effects.now), activity="UPDATE")
    said = Key("Provenance", effects.id_for(f"own-plan-told/{plan.key.id}"))
    changes = [
        Change(plan.key, "PUT", plan.version, plan.content | {"text": text}, effects.now),
        Change(said, "PUT", None, provenance(own_page.POLICY, act), effects.now),
    ]
    await save(effects.tx, changes)


REACTION: Final = Reaction("own_plan_told", frozenset({"CarePlan"}), handle, own_page.is_to_be_told)
