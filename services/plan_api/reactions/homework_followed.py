"""A plan came into force or is over: what the person does between sessions follows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.domain import activation, homework
from services.plan_api.domain.bundle import put, put_over, transaction
from services.plan_api.writing import seen
from shared.care.automatic import Act, provenance
from shared.care.programme_plan import ids_of, is_of_the_same, is_ours
from shared.care.subject import patient_of
from shared.feed.deaths import died
from shared.feed.open_episode import has_open_episode
from shared.feed.reaction import Event, Reaction
from shared.fhir.writer import write
from shared.store.finding import fetch
from shared.store.version import Key, instant

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found


async def handle(event: Event, effects: Effects) -> None:
    """Ask intake, which owns Tasks, to let the homework of a plan follow it."""
    plan = await fetch(effects.tx, event.key)
    if plan is not None:
        await follow(plan, effects)


async def follow(plan: Found, effects: Effects) -> None:
    """Let the homework of a plan be as the plan has it now."""
    if not activation.is_followed(plan.content):
        return
    if not await _is_to_follow(plan.content, effects):
        return
    status = str(plan.content.get("status"))
    following = [
        (each, now)
        for each in await _homework(plan.content, effects)
        if (now := homework.following(each.content, status)) is not None
    ]
    if not following:
        return
    purpose = f"homework/{plan.key.id}"
    act = Act(
        targets=[each.reference for each, _ in following],
        sources=[plan.versioned],
        recorded=instant(effects.now),
        activity="UPDATE",
    )
    said = provenance(homework.POLICY, act) | {"id": effects.id_for(purpose)}
    entries = [put_over(seen(e), homework.moved(now, instant(effects.now))) for e, now in following]
    body = write(transaction([*entries, put(said)]))
    await effects.send("intake", "POST", "", body=body, purpose=purpose)


async def _is_to_follow(plan: JsonObject, effects: Effects) -> bool:
    patient_id = patient_of(plan, "subject", effects.tx.bases)
    if patient_id is None:
        return activation.is_over(plan)
    if activation.is_over(plan):
        # The Tasks of who has died, intake ends itself, and may take that back.
        return not await died(patient_id, effects.tx)
    return await has_open_episode(effects.tx, patient_id)


async def _homework(plan: JsonObject, effects: Effects) -> list[Found]:
    bases = effects.tx.bases
    referred = (each.get("reference", {}) for each in plan.get("activity", ()))
    found = [await fetch(effects.tx, Key("Task", e)) for e in ids_of(referred, "Task", bases)]
    present = (each for each in found if each is not None)
    return [
        each
        for each in present
        if homework.is_homework(each.content)
        and is_of_the_same(plan, {"subject": each.content.get("for", {})}, bases)
    ]


REACTION: Final = Reaction("homework_followed", frozenset({"CarePlan"}), handle, is_ours)
