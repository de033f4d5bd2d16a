"""A plan came into force or is over, or was reviewed or certified: the next Task is asked for.

With a plan that is over ends what asks the team to decide on a proposal, for nobody can any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.domain import periodic_review
from services.plan_api.domain.bundle import put, put_new, put_over, transaction
from services.plan_api.domain.periodic_review import CODES, POLICY, Reviewed
from services.plan_api.writing import seen
from shared.care.automatic import Act, provenance
from shared.care.canonical import code_system
from shared.care.programme_plan import ids_of, is_ours
from shared.care.subject import patient_of
from shared.feed.deaths import died
from shared.feed.open_episode import has_open_episode
from shared.feed.reaction import Event, Reaction
from shared.fhir.writer import write
from shared.store.finding import fetch, find
from shared.store.version import Key, instant

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found

_ASKED: Final = ",".join(f"{code_system('task')}|{each}" for each in CODES)
_DECISION: Final = f"{code_system('task')}|plan-review"


async def handle(event: Event, effects: Effects) -> None:
    """Ask for what a plan needs next, and call off what it needs no more."""
    plan = await _plan(event, effects)
    if plan is not None and is_ours(plan.content):
        await follow(plan, effects)


async def follow(plan: Found, effects: Effects) -> None:
    """Let what is asked for a plan be as the plan has it now."""
    patient_id = patient_of(plan.content, "subject", effects.tx.bases)
    tasks = await find(effects.tx, "Task", ("focus", plan.reference), ("code", _ASKED))
    tasks += await find(effects.tx, "Task", ("based-on", plan.reference), ("code", _DECISION))
    reviewed = Reviewed(
        plan.content,
        [each.content for each in tasks],
        effects.now.astimezone(effects.tx.zone).date(),
        instant(effects.now),
    )
    # What asks for something of who has died, intake ends itself, and may take that back.
    is_dead = patient_id is not None and await died(patient_id, effects.tx)
    gone = [] if is_dead else periodic_review.called_off(reviewed)
    entries = [put_over(seen(e), {"status": "cancelled"}) for e in tasks if e.content in gone]
    if patient_id is not None and await has_open_episode(effects.tx, patient_id):
        entries += [put_new(each) for each in periodic_review.to_come(reviewed)]
    for entry in entries:
        await _send(entry, plan, effects)


async def _plan(event: Event, effects: Effects) -> Found | None:
    if event.key.type == "CarePlan":
        return await fetch(effects.tx, event.key)
    task = await fetch(effects.tx, event.key)
    named = [task.content.get("focus", {})] if task else []
    ids = ids_of(named, "CarePlan", effects.tx.bases)
    return await fetch(effects.tx, Key("CarePlan", ids[0])) if ids else None


async def _send(entry: JsonObject, plan: Found, effects: Effects) -> None:
    purpose = f"periodic-review/{entry['resource']['id']}"
    act = Act([entry["request"]["url"]], [plan.versioned], instant(effects.now))
    said = provenance(POLICY, act) | {"id": effects.id_for(purpose)}
    body = write(transaction([entry, put(said)]))
    await effects.send("intake", "POST", "", body=body, purpose=purpose)


def _concerns(content: JsonObject) -> bool:
    if content["resourceType"] == "CarePlan":
        return is_ours(content) and content.get("status") != "draft"
    return periodic_review.is_periodic(content) and content.get("status") == "completed"


REACTION: Final = Reaction("periodic_review", frozenset({"CarePlan", "Task"}), handle, _concerns)
