"""A plan came into force or is over: the person joins or leaves the programme's cohort."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.domain import activation
from services.plan_api.membership import join, leave
from shared.care.programme_plan import is_in_force, is_ours
from shared.care.subject import patient_of
from shared.feed.reaction import Reaction
from shared.store.finding import fetch

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from shared.store.finding import Found


async def handle(event: Event, effects: Effects) -> None:
    """Let the cohort follow what the plan says now."""
    plan = await fetch(effects.tx, event.key)
    if plan is not None:
        await follow(plan, effects)


async def follow(plan: Found, effects: Effects) -> None:
    """Let the person join or leave by what a plan says now."""
    if not activation.is_followed(plan.content):
        return
    patient = f"Patient/{patient_of(plan.content, 'subject', effects.tx.bases)}"
    if is_in_force(plan.content):
        await join(plan, patient, effects)
    elif activation.is_over(plan.content):
        await leave(patient, plan.versioned, effects)


REACTION: Final = Reaction("cohort_followed", frozenset({"CarePlan"}), handle, is_ours)
