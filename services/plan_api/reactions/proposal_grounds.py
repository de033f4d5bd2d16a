"""A proposal was written, or the change it rests on: it stands only as long as its ground does.

Whichever comes first, what is decided depends only on what the record says now. What people decided
is theirs: who accepted a proposal that has lost its ground is asked to look again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.domain import grounds, review
from services.plan_api.domain.grounds import Standing
from services.plan_api.domain.revision import is_review
from services.plan_api.writing import seen
from shared.care import correction
from shared.care.automatic import derived_id
from shared.care.programme_plan import activity_ids, ids_of, is_ours
from shared.care.subject import patient_of
from shared.feed.one_person import one_person
from shared.feed.reaction import Reaction
from shared.fhir.writer import write
from shared.server.interactions.update import content_of
from shared.store.finding import Found, fetch, find
from shared.store.version import Key, instant

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.transaction import Transaction


async def handle(event: Event, effects: Effects) -> None:
    """Let the proposals that a write is about follow their grounds."""
    for proposal in await _proposals(event, effects.tx):
        await follow(proposal, event, effects)


async def follow(proposal: Found, event: Event, effects: Effects) -> None:
    """Let one proposal follow its ground, where it is of this policy's making."""
    observation_id = await _rests_on(proposal, effects.tx)
    if observation_id is None:
        return
    standing = await _standing(proposal, observation_id, effects.tx)
    source, now = f"{event.key}/_history/{event.version}", instant(effects.now)
    said = effects.id_for(f"grounds/{proposal.key.id}")
    bundle = grounds.followed(standing, source, now, said)
    if bundle is not None:
        purpose = f"proposal-grounds/{proposal.key.id}"
        await effects.send("intake", "POST", "", body=write(bundle), purpose=purpose)


async def _proposals(event: Event, tx: Transaction) -> list[Found]:
    if event.key.type == "Observation":
        ids = await _possible(event, tx)
    else:
        written = await fetch(tx, event.key)
        focus = [] if written is None else [written.content.get("focus", {})]
        is_task = event.key.type == "Task"
        ids = ids_of(focus, "CarePlan", tx.bases) if is_task else [event.key.id]
    found = [await fetch(tx, Key("CarePlan", each)) for each in ids]
    return [each for each in found if each is not None and is_proposal(each.content)]


async def _possible(event: Event, tx: Transaction) -> list[str]:
    """Name the proposals that a change may have led to, whoever it is or was about."""
    versions = [await tx.read_version(event.key, n) for n in (event.version, event.version - 1)]
    told = [content for each in versions if (content := content_of(each)) is not None]
    persons = {patient_of(each, "subject", tx.bases) for each in told}
    ids = {e for each in sorted(filter(None, persons)) for e in (await one_person(tx, each)).ids}
    return [review.proposal_id(event.key.id, f"Patient/{each}") for each in sorted(ids)]


async def _rests_on(proposal: Found, tx: Transaction) -> str | None:
    """Name the change that a proposal rests on; None where it is not of this policy's making."""
    subject = proposal.content["subject"].get("reference", "")
    cited = ids_of(proposal.content.get("supportingInfo", ()), "Observation", tx.bases)
    own = (each for each in cited if review.proposal_id(each, subject) == proposal.key.id)
    return next(own, None)


async def _standing(proposal: Found, observation_id: str, tx: Transaction) -> Standing:
    reference = f"Observation/{observation_id}"
    orders = [
        await fetch(tx, Key("ServiceRequest", each))
        for each in activity_ids(proposal.content, tx.bases)
    ]
    tasks = await find(tx, "Task", ("focus", proposal.reference))
    asked = await fetch(tx, Key("Task", correction.review_id(proposal.reference)))
    return Standing(
        proposal=seen(proposal),
        orders=[seen(each) for each in orders if each and _is_because_of(each, reference)],
        tasks=[seen(each) for each in tasks if is_review(each.content)],
        correction=None if asked is None else seen(asked),
        who=await _accepted_by(proposal, tx),
        observation=await _ground(proposal, observation_id, tx),
        ground=reference,
    )


def _is_because_of(order: Found, reference: str) -> bool:
    return any(
        each == {"reference": reference} for each in order.content.get("reasonReference", ())
    )


async def _ground(proposal: Found, observation_id: str, tx: Transaction) -> JsonObject | None:
    """Find the change, where it still calls for a proposal about the same person."""
    stated = await fetch(tx, Key("Observation", observation_id))
    if stated is None or not review.calls_for_review(stated.content):
        return None
    patient_id = patient_of(stated.content, "subject", tx.bases)
    planned_for = patient_of(proposal.content, "subject", tx.bases)
    if patient_id is None or planned_for not in (await one_person(tx, patient_id)).ids:
        return None
    return stated.content


async def _accepted_by(proposal: Found, tx: Transaction) -> str | None:
    said = await fetch(tx, Key("Provenance", derived_id(proposal.reference, "decided")))
    agent: JsonObject = {} if said is None else said.content["agent"][0]["who"]
    return agent.get("reference")


def is_proposal(plan: JsonObject) -> bool:
    """Tell whether a plan is only proposed."""
    return is_ours(plan) and plan.get("intent") == "proposal"


def concerns(written: JsonObject) -> bool:
    """Tell whether a proposal may gain or lose its ground by a write, or was written itself."""
    kind = written["resourceType"]
    if kind == "Observation":
        return review.is_change(written) and written["meta"]["versionId"] != "1"
    return is_review(written) if kind == "Task" else is_proposal(written)


REACTION: Final = Reaction(
    "proposal_grounds", frozenset({"Observation", "CarePlan", "Task"}), handle, concerns
)
