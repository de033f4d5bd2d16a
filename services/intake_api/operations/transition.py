"""`POST Task/[id]/$transition`: one party of a referral takes the next step of its way.

An operation of ours. The same step as a plain update: the laws of referrals hold for both. Here the
business status, the status and a signed Provenance follow from the trigger.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.intake_api.domain.transition import chosen, done
from shared.care.automatic import Act, derived_id
from shared.care.referral.machine import TRIGGERS
from shared.care.referral.parties import Caller, parties_of
from shared.care.signed import signed
from shared.server.actors import actor
from shared.server.conditions import demand_if_match, hold
from shared.server.definition import Operation, Parameter
from shared.server.request import FhirResponse
from shared.server.saving import save
from shared.store.finding import find, required
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.server.call import Call
    from shared.store.finding import Found
    from shared.store.transaction import Transaction


async def transition(tx: Transaction, call: Call) -> FhirResponse:
    """Take a step, signed by whoever takes it.

    :raises Forbidden: when nobody known here acts.
    :raises NotFound: when there is no such Task.
    :raises Gone: when it was deleted.
    :raises PreconditionFailed: when If-Match names another version.
    :raises Conflict: when the step does not lead on from here, or is another party's.
    :raises RuleViolation: when the Task would contradict itself, or the reason is missing.
    """
    who, context = await actor(tx, call.context), call.context
    task = await required(tx, Key("Task", call.request.id or ""))
    hold(call.request.headers, task.version)
    demand_if_match(context.policy, call.request.headers, task.version)
    caller = Caller(who, await _roles(tx, who), context.now, tx.bases)
    step = chosen(task.content, call.inputs.one("trigger"), parties_of(task.content, caller))
    at = instant(context.now)
    reason, outputs = call.inputs.one("statusReason"), call.inputs.many("output")
    after = done(task.content, step, at, reason=reason, outputs=outputs)
    change = Change(task.key, "PUT", task.version, after, context.now)
    [written, _] = await save(tx, [change, _signature(task, change, who, reason)])
    return FhirResponse(200, written.body, written)


async def _roles(tx: Transaction, who: str) -> Sequence[dict[str, Any]]:
    if not who.startswith("Practitioner/"):
        return ()
    return [each.content for each in await find(tx, "PractitionerRole", ("practitioner", who))]


def _signature(task: Found, change: Change, who: str, reason: dict[str, Any] | None) -> Change:
    act = Act([task.reference], [task.versioned], instant(change.now), activity="UPDATE")
    key = Key("Provenance", derived_id(f"{change.key}/{change.number}", "transition"))
    said = signed(who, act, reason=(reason or {}).get("text")) | {"id": key.id}
    return Change(key, "PUT", None, said, change.now)


TRANSITION: Final = Operation(
    code="transition",
    level="instance",
    types=("Task",),
    handle=transition,
    opens="transaction",
    affects_state=True,
    description=(
        "Take the next step of a referral, inbound or outbound, as the party whose step it is. "
        "If-Match names the version that it follows."
    ),
    parameters=(
        Parameter("trigger", "in", "code", f"What is done: {', '.join(TRIGGERS)}.", min=1),
        Parameter("statusReason", "in", "CodeableConcept", "Why; needed where it is refused."),
        Parameter(
            "output", "in", "Reference", "What came of it, such as an Appointment.", max=None
        ),
        Parameter("return", "out", "Task", "The Task after the step.", min=1),
    ),
)
