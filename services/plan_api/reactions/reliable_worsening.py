"""A signal calls for a look at the plan: a revision is proposed to the team, once for a reason.

As long as a proposal stands, more of the same makes no other; what comes after it was decided does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.domain import review
from services.plan_api.domain.review import Evidence
from services.plan_api.domain.revision import is_open_review
from shared.care.canonical import code_system
from shared.care.correction import is_withdrawn
from shared.care.programme_plan import activity_ids, is_in_force
from shared.care.subject import patient_of
from shared.feed.one_person import one_person
from shared.feed.open_episode import has_open_episode
from shared.feed.reaction import Reaction
from shared.fhir.writer import write
from shared.store.finding import Found, fetch, find
from shared.store.version import Key, instant

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.feed.one_person import OnePerson
    from shared.feed.reaction import Event
    from shared.store.transaction import Transaction

_REVIEWS: Final = ("code", f"{code_system('task')}|plan-review")


async def handle(event: Event, effects: Effects) -> None:
    """Propose a revision where the person has a plan in force and this evidence is new."""
    stated = await fetch(effects.tx, event.key)
    if stated is not None and review.calls_for_review(stated.content):
        await propose(stated, effects)


async def propose_for(person: OnePerson, effects: Effects) -> None:
    """Propose what is stated of a person, once for each reason."""
    codes = ",".join(_codes(each) for each in review.REASONS)
    told = await find(effects.tx, "Observation", person.criterion, ("value-concept", codes))
    by_reason = {review.reason_of(each.content): each for each in told}
    for reason, stated in by_reason.items():
        if reason is not None:
            await propose(stated, effects)


async def propose(stated: Found, effects: Effects) -> None:
    """Propose a revision for what an Observation states, unless that is proposed or decided."""
    tx = effects.tx
    patient_id = patient_of(stated.content, "subject", tx.bases)
    if patient_id is None or not await has_open_episode(tx, patient_id):
        return
    plan = await _plan_in_force(tx, patient_id)
    leading = await _leading(stated, patient_id, tx)
    if plan is None or leading is None:
        return
    # A proposal that people have dealt with, or deleted, is not made again.
    proposal_id = review.proposal_id(leading.key.id, plan.content["subject"]["reference"])
    if await tx.read(Key("CarePlan", proposal_id)) is None:
        await _propose(leading, plan, effects)


async def _leading(stated: Found, patient_id: str, tx: Transaction) -> Found | None:
    """Find the first to state the same since it was last decided on; None while one stands.

    Two that are stated at the same moment so lead to one proposal.
    """
    reason = review.reason_of(stated.content) or ""
    person = (await one_person(tx, patient_id)).criterion
    asked = [
        each
        for each in await find(tx, "Task", person, _REVIEWS)
        if review.is_because_of(each.content, reason) and not is_withdrawn(each.content)
    ]
    if any(is_open_review(each.content) for each in asked):
        return None
    decided = max((each.version.updated for each in asked), default=None)
    alike = await find(tx, "Observation", person, ("value-concept", _codes(reason)))
    fresh = [
        each
        for each in alike
        if review.reason_of(each.content) == reason
        and (decided is None or each.version.updated > decided)
    ]
    return min(fresh, key=lambda each: (each.version.updated, each.key.id), default=None)


def _codes(reason: str) -> str:
    return ",".join(f"{code_system(name)}|{reason}" for name in ("change", "proposal-reason"))


async def _propose(stated: Found, plan: Found, effects: Effects) -> None:
    ids = activity_ids(plan.content, effects.tx.bases)
    requests = [await fetch(effects.tx, Key("ServiceRequest", each)) for each in ids]
    evidence = Evidence(
        observation=stated.content,
        observation_version=stated.versioned,
        plan=plan.content,
        plan_version=plan.versioned,
        today=effects.now.astimezone(effects.tx.zone).date(),
        recorded=instant(effects.now),
    )
    bundle = review.proposal(evidence, [each.content for each in requests if each is not None])
    purpose = f"plan-review/{stated.key.id}"
    await effects.send("intake", "POST", "", body=write(bundle), purpose=purpose)


async def _plan_in_force(tx: Transaction, patient_id: str) -> Found | None:
    asked = ((await one_person(tx, patient_id)).criterion, ("status", "active"))
    plans = [each for each in await find(tx, "CarePlan", *asked) if is_in_force(each.content)]
    return max(plans, key=lambda each: each.version.updated, default=None)


REACTION: Final = Reaction(
    "reliable_worsening", frozenset({"Observation"}), handle, review.calls_for_review
)
