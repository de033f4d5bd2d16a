"""`CarePlan/[id]/$propose-revision`: a clinician proposes to revise the plan that is in force.

An operation of ours; its answer is a CarePlan with intent proposal, to be accepted or rejected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.domain import proposing
from services.plan_api.domain.proposing import Wanted
from services.plan_api.operations.goals_wanted import GOALS, WHERE, goals_wanted
from services.plan_api.plan_finding import contents, named_by
from services.plan_api.writing import answer, seen, written
from shared.care.programme_plan import ids_of, is_in_force
from shared.care.subject import patient_of
from shared.fhir.errors import Conflict, NotFound, RuleViolation
from shared.fhir.references import parse_reference
from shared.server.actors import clinician
from shared.server.definition import Operation, Parameter
from shared.store.finding import Found, fetch
from shared.store.version import Key, instant

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject
    from shared.server.call import Call
    from shared.server.engine import Engine
    from shared.server.request import FhirResponse
    from shared.store.reading import Reading

_CHANGES: Final = "add, remove, add-goal, change-goal or end-goal"


async def propose(engine: Engine, call: Call) -> FhirResponse:
    """Write the proposal with its draft orders, or answer the one that stands.

    :raises Conflict: when the plan is not in force.
    :raises RuleViolation: when nothing is to change, or what is named is not the plan's.
    """
    async with engine.reading(call.context) as reading:
        who = await clinician(reading, call.context)
        named = await named_by(reading, await _plan(reading, call), call.context.bases)
        plan, orders = named.plan, contents(named.orders)
        wanted = Wanted(
            who=who,
            reason=str(call.inputs.one("reason")),
            added=_added(plan, call),
            removed=_removed(orders, call),
            goals=goals_wanted(named, call),
            evidence=[await _evidence(reading, e, call) for e in call.inputs.many("evidence")],
            today=call.context.now.astimezone(call.context.zone).date(),
            recorded=instant(call.context.now),
        )
        if not wanted.added and not wanted.removed and not wanted.goals:
            raise RuleViolation(f"Nothing is to change: give {_CHANGES}.", expression=WHERE)
        key = Key("CarePlan", proposing.proposal_id(seen(plan), wanted))
        standing = await fetch(reading, key)
    if standing is not None:
        return answer(standing)
    bundle = proposing.proposed(seen(plan), orders, wanted, call.context.bases)
    return await written(call, bundle, key)


async def _plan(reading: Reading, call: Call) -> Found:
    key = Key("CarePlan", str(call.request.id))
    found = await fetch(reading, key)
    if found is None:
        raise NotFound(f"There is no {key} here.")
    if not is_in_force(found.content):
        raise Conflict(f"{key} is no plan in force; only an active plan is revised.")
    return found


def _added(plan: Found, call: Call) -> list[JsonObject]:
    bases, added = call.context.bases, list(call.inputs.many("add"))
    whose = patient_of(plan.content, "subject", bases)
    if any(patient_of(each, "subject", bases) != whose for each in added):
        raise RuleViolation("add must be an order for the person of the plan.", expression=WHERE)
    return added


def _removed(orders: list[JsonObject], call: Call) -> list[JsonObject]:
    held = {str(each["id"]): each for each in orders}
    found = {}
    for text in call.inputs.many("remove"):
        [logical_id] = ids_of([{"reference": text}], "ServiceRequest", call.context.bases) or [""]
        if logical_id not in held:
            told = "remove must name an order of the plan, such as ServiceRequest/7."
            raise RuleViolation(told, expression=WHERE)
        found[logical_id] = held[logical_id]
    return list(found.values())


async def _evidence(reading: Reading, text: str, call: Call) -> str:
    link = parse_reference(text, call.context.bases)
    if link.kind != "local" or link.type != "Observation":
        told = "evidence must refer to an Observation of this record, such as Observation/7."
        raise RuleViolation(told, expression=WHERE)
    key = Key("Observation", str(link.id))
    if await fetch(reading, key) is None:
        raise NotFound(f"There is no {key} here.")
    return str(key)


PROPOSE: Final = Operation(
    code="propose-revision",
    level="instance",
    types=("CarePlan",),
    handle=propose,
    opens="nothing",
    affects_state=True,
    description=(
        "Propose to revise a plan in force: a CarePlan with intent proposal that says what is "
        "added, removed and changed, its draft orders, and a Task for the team."
    ),
    parameters=(
        Parameter("reason", "in", "string", "Why it should be revised.", min=1),
        Parameter("add", "in", "ServiceRequest", "An order to add.", max=None),
        Parameter("remove", "in", "string", "An order to take out: ServiceRequest/[id].", max=None),
        *GOALS,
        Parameter("evidence", "in", "string", "What it rests on: Observation/[id].", max=None),
        Parameter("return", "out", "CarePlan", "The proposal.", min=1),
    ),
)
