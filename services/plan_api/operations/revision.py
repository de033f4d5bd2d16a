"""`CarePlan/[id]/$accept-revision` and `$reject-revision`: a clinician decides on a proposal.

Operations of ours; the proposal's id is that of a CarePlan with intent proposal.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from services.plan_api.domain import goal_changes, revision
from services.plan_api.domain.plan_difference import is_stale, named_in
from services.plan_api.domain.revision import Current, Decision, Proposed
from services.plan_api.plan_finding import contents, named_by
from services.plan_api.writing import seen, written
from shared.care.programme_plan import (
    activity_ids,
    ids_of,
    is_in_force,
    is_of_the_same,
    is_ours,
)
from shared.fhir.errors import Conflict, NotFound
from shared.server.actors import clinician
from shared.server.definition import Operation, Parameter
from shared.server.interactions.update import content_of
from shared.store.finding import Found, fetch, find
from shared.store.version import Key, instant

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject
    from shared.server.call import Call
    from shared.server.engine import Engine
    from shared.server.request import FhirResponse
    from shared.store.reading import Reading


async def accept(engine: Engine, call: Call) -> FhirResponse:
    """Revise the current plan as proposed, at its newest version; answer the plan.

    :raises Conflict: when it is no open proposal, or its plan is not active.
    """
    async with engine.reading(call.context) as reading:
        decision = await _decision(reading, call)
        proposal = await _open_proposal(reading, call)
        proposed = await _proposed(reading, proposal, call)
        current = await _current_plan(reading, proposal, call)
        proposed = await _with_removed(reading, proposed, current, call)
        named = await named_by(reading, current, call.context.bases)
    as_read = Current(
        seen(current),
        orders=contents(named.orders),
        goals=[seen(each) for each in named.goals],
        tasks=contents(named.tasks),
        teams=contents(named.teams),
        known=named.known,
    )
    bundle = revision.accepted(proposed, as_read, decision, call.context.bases)
    return await written(call, bundle, current.key)


async def reject(engine: Engine, call: Call) -> FhirResponse:
    """Revoke a proposal with a reason, and answer it; the plan stays as it is.

    :raises Conflict: when it is no open proposal.
    """
    async with engine.reading(call.context) as reading:
        decision = await _decision(reading, call)
        proposal = await _open_proposal(reading, call)
        proposed = await _proposed(reading, proposal, call)
    return await written(call, revision.rejected(proposed, decision), proposal.key)


async def _decision(reading: Reading, call: Call) -> Decision:
    return Decision(
        who=await clinician(reading, call.context),
        recorded=instant(call.context.now),
        today=call.context.now.astimezone(call.context.zone).date(),
        zone=call.context.zone,
        reason=call.inputs.one("reason"),
        comment=call.inputs.one("comment"),
    )


async def _open_proposal(reading: Reading, call: Call) -> Found:
    key = Key("CarePlan", str(call.request.id))
    found = await fetch(reading, key)
    if found is None:
        raise NotFound(f"There is no {key} here.")
    if not is_ours(found.content) or found.content.get("intent") != "proposal":
        raise Conflict(f"{key} is no proposal; only a CarePlan with intent proposal is decided on.")
    status = found.content.get("status")
    if status != "draft":
        raise Conflict(f"{key} is {status}; only a draft proposal is accepted or rejected.")
    return found


async def _proposed(reading: Reading, proposal: Found, call: Call) -> Proposed:
    orders = await _orders(reading, proposal.content, call)
    tasks = await find(reading, "Task", ("focus", proposal.reference))
    return Proposed(
        seen(proposal),
        drafts=[seen(each) for each in orders if each.content.get("status") == "draft"],
        tasks=[seen(each) for each in tasks if revision.is_open_review(each.content)],
    )


async def _with_removed(
    reading: Reading, proposed: Proposed, current: Found, call: Call
) -> Proposed:
    """Add the orders that the proposal takes out.

    :raises Conflict: when the plan was revised since a clinician proposed it.
    """
    proposal, bases = proposed.proposal.content, call.context.bases
    is_overtaken = (
        is_stale(proposal, current.content, bases)
        or goal_changes.is_stale(proposal, current.content, bases)
        or await _are_goals_changed(reading, proposal, call)
    )
    if is_overtaken:
        raise Conflict(
            f"{current.reference} was revised since {proposed.proposal.reference} was made; "
            "reject it, and propose again what is still wanted."
        )
    keys = [Key("ServiceRequest", each) for each in named_in(proposal, "before", bases)]
    found = [await fetch(reading, each) for each in keys]
    running = [e for e in found if e and e.content.get("status") in {"active", "on-hold"}]
    return replace(proposed, removed=[seen(each) for each in running])


async def _are_goals_changed(reading: Reading, proposal: JsonObject, call: Call) -> bool:
    """Tell whether somebody decided otherwise of a goal since it was read to be changed."""
    for logical_id, number in goal_changes.compared(proposal, call.context.bases):
        key = Key("Goal", logical_id)
        before, now = await reading.read_version(key, number), await fetch(reading, key)
        if now is None or not goal_changes.is_the_same(content_of(before), now.content):
            return True
    return False


async def _current_plan(reading: Reading, proposal: Found, call: Call) -> Found:
    replaced = ids_of(proposal.content.get("replaces", ()), "CarePlan", call.context.bases)
    found = [await fetch(reading, Key("CarePlan", each)) for each in replaced]
    current = next((each for each in found if each and is_in_force(each.content)), None)
    if current and not is_of_the_same(proposal.content, current.content, call.context.bases):
        raise Conflict(f"{proposal.reference} is not of the person whose plan it would revise.")
    if current is None:
        raise Conflict(
            "The plan that the proposal would revise is not active; only an active plan is "
            "revised. Reject the proposal, or make the plan active before."
        )
    return current


async def _orders(reading: Reading, plan: JsonObject, call: Call) -> list[Found]:
    ids = activity_ids(plan, call.context.bases)
    found = [await fetch(reading, Key("ServiceRequest", each)) for each in ids]
    bases = call.context.bases
    return [each for each in found if each and is_of_the_same(plan, each.content, bases)]


_COMMENT: Final = Parameter("comment", "in", "string", "What the clinician adds to it.")

ACCEPT: Final = Operation(
    code="accept-revision",
    level="instance",
    types=("CarePlan",),
    handle=accept,
    opens="nothing",
    affects_state=True,
    description=(
        "Accept a proposal: the plan that it replaces gets a new version with what is added, the "
        "added orders become active, and the review Task is done."
    ),
    parameters=(
        Parameter("reason", "in", "string", "Why it is accepted."),
        _COMMENT,
        Parameter("return", "out", "CarePlan", "The plan as it was revised.", min=1),
    ),
)
REJECT: Final = Operation(
    code="reject-revision",
    level="instance",
    types=("CarePlan",),
    handle=reject,
    opens="nothing",
    affects_state=True,
    description="Reject a proposal with a reason: it and its orders are revoked.",
    parameters=(
        Parameter("reason", "in", "string", "Why it is rejected.", min=1),
        _COMMENT,
        Parameter("return", "out", "CarePlan", "The proposal as it was rejected.", min=1),
    ),
)
