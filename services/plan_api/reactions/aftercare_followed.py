"""A handoff, its episode or its person changed: the plan of the aftercare follows.

It ends by itself when its days are over. What people have decided on the plan stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.domain import aftercare
from services.plan_api.domain.aftercare import Standing
from services.plan_api.following import finished_since
from services.plan_api.going_on import has_ended_by_death
from shared.care.aftercare import CRITERION, episode_of, is_aftercare, is_refused, plan_id, task_of
from shared.care.automatic import Act, provenance
from shared.care.canonical import CAUSE
from shared.care.death import is_dead
from shared.care.episode import is_programme
from shared.care.referral import is_handoff
from shared.care.subject import patient_of
from shared.feed.deaths import has_died
from shared.feed.one_person import one_person, persons_merged
from shared.feed.reaction import DueTimer, Reaction
from shared.feed.status_given import status_given
from shared.server.interactions.update import content_of
from shared.server.saving import save
from shared.store.finding import fetch, find
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.feed.one_person import OnePerson
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.transaction import Transaction

_ENDS: Final = "aftercare_ends"
_MANY: Final = 1000


async def handle(occasion: Event | DueTimer, effects: Effects) -> None:
    """Let the plans of the aftercare that a write concerns follow it."""
    for plan in await _concerned(occasion, effects):
        await _follow(plan, occasion, effects)


async def _concerned(occasion: Event | DueTimer, effects: Effects) -> list[Found]:
    written = await fetch(effects.tx, occasion.key)
    if isinstance(occasion, DueTimer) or occasion.key.type == "CarePlan":
        plans = [written] if written else []
    elif occasion.key.type == "Task":
        ids = [plan_id(each) for each in _causes(written.content)] if written else []
        found = [await fetch(effects.tx, Key("CarePlan", each)) for each in ids]
        plans = [each for each in found if each is not None]
    else:
        plans = [
            plan
            for person in await _persons(occasion, effects.tx)
            for plan in await find(effects.tx, "CarePlan", person.criterion, CRITERION)
        ]
    return [each for each in plans if is_aftercare(each.content)]


async def _persons(event: Event, tx: Transaction) -> list[OnePerson]:
    """Name whom a write is about, and whom the version before it was about."""
    if event.key.type == "Patient":
        merged = await persons_merged(event, tx)
        return list(dict.fromkeys([await one_person(tx, event.key.id), *merged]))
    numbers = (event.version, event.version - 1)
    told = [content_of(await tx.read_version(event.key, each)) for each in numbers]
    ids = dict.fromkeys(patient_of(each, "patient", tx.bases) for each in told if each)
    return list(dict.fromkeys([await one_person(tx, each) for each in ids if each]))


async def _follow(plan: Found, occasion: Event | DueTimer, effects: Effects) -> None:
    timer_id = f"aftercare/{plan.key.id}"
    after = plan.content
    if await _is_ours_to_change(plan, effects):
        after = aftercare.followed(plan.content, await _standing(plan.content, effects))
    due = aftercare.ends(after, effects.tx.zone)
    if due is None or due <= effects.now:
        await effects.cancel_timer(timer_id)
    else:
        await effects.set_timer(timer_id, due, _ENDS, plan.key)
    if after == plan.content:
        return
    change = Change(plan.key, "PUT", plan.version, after, effects.now)
    act = Act([plan.reference], [_source(plan, occasion)], instant(effects.now), "UPDATE")
    said = Key("Provenance", effects.id_for(f"aftercare/{plan.key.id}"))
    said_by = provenance(aftercare.POLICY, act)
    await save(effects.tx, [change, Change(said, "PUT", None, said_by, effects.now)])


async def _is_ours_to_change(plan: Found, effects: Effects) -> bool:
    """Tell whether a plan has its status from its handoff or from us, and from nobody else."""
    if plan.content["status"] == "draft":
        return True
    return await status_given(plan, aftercare.POLICY, effects.tx) is not None


async def _standing(plan: JsonObject, effects: Effects) -> Standing:
    tx = effects.tx
    task = await fetch(tx, Key("Task", task_of(plan)))
    key = Key("EpisodeOfCare", episode_of(plan) or "")
    episode = await fetch(tx, key)
    # What a death has ended goes on when that was an error: the programme was not finished by it.
    by_death = episode is not None and await has_ended_by_death(episode, tx)
    return Standing(
        task.content["status"] if task else None,
        None if by_death else await finished_since(key, tx),
        is_refused=await _is_refused(plan, effects),
        has_begun=await _has_begun(Key("CarePlan", plan["id"]), tx),
        now=effects.now,
        zone=tx.zone,
    )


async def _has_begun(plan: Key, tx: Transaction) -> bool:
    versions = await tx.history(plan, before=None, limit=_MANY)
    return any((content_of(each) or {}).get("status") == "active" for each in versions)


async def _is_refused(plan: JsonObject, effects: Effects) -> bool:
    tx, patient_id = effects.tx, patient_of(plan, "subject", effects.tx.bases)
    if patient_id is None:
        return False
    person = await one_person(tx, patient_id)
    consents = await find(tx, "Consent", person.criterion)
    return is_refused(each.content for each in consents) or await has_died(person, tx)


def _source(plan: Found, occasion: Event | DueTimer) -> str:
    if isinstance(occasion, DueTimer):
        return plan.versioned
    return f"{occasion.key}/_history/{occasion.version}"


def _causes(task: JsonObject) -> list[str]:
    told = (each for each in task.get("identifier", ()) if each.get("system") == CAUSE)
    return [str(each.get("value")) for each in told]


def concerns(written: JsonObject) -> bool:
    """Tell whether a write may change what becomes of the aftercare."""
    match written["resourceType"]:
        case "Task":
            return is_handoff(written)
        case "EpisodeOfCare":
            return is_programme(written)
        case "CarePlan":
            return is_aftercare(written)
        case "Patient":
            return bool(is_dead(written) or written["meta"]["versionId"] != "1")
        case _:
            return True


REACTION: Final = Reaction(
    "aftercare_followed",
    frozenset({"CarePlan", "Consent", "EpisodeOfCare", "Patient", "Task"}),
    handle,
    concerns,
)
TIMERS: Final = {_ENDS: handle}
