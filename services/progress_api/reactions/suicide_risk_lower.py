"""A moderate or low suicide risk was stated or corrected: its Task is asked for, or withdrawn.

Task and correction may come in either order, so each looks for the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.domain import suicide_risk_action
from services.progress_api.domain.suicide_risk_action import CODES, Stated
from services.progress_api.following import is_followed
from shared.care.programme_plan import ids_of
from shared.care.subject import patient_of
from shared.feed.reaction import Reaction
from shared.fhir.writer import write
from shared.store.finding import fetch, find
from shared.store.version import Key, instant

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found


async def handle(event: Event, effects: Effects) -> None:
    """Let the Tasks of an Observation follow the risk that it states now."""
    observation = await _observation(event, effects)
    if observation is None:
        return
    stated = await _stated(observation, effects)
    source, at = f"{event.key}/_history/{event.version}", instant(effects.now)
    tasks = await find(effects.tx, "Task", ("focus", str(observation)), ("code", CODES))
    if event.key.type == "Observation" and stated is not None:
        await _ask(stated, tasks, effects)
    for task in tasks:
        bundle = suicide_risk_action.followed(task.content, stated, source, at)
        if bundle is not None:
            await _send(bundle, f"followed/{task.key.id}", effects)


async def _ask(stated: Stated, tasks: list[Found], effects: Effects) -> None:
    action = stated.action
    if action is None or any(stated.calls_for(each.content) for each in tasks):
        return
    if await is_followed(effects.tx, stated.patient_id, effects.now):
        await _send(suicide_risk_action.request(stated, action), "asked", effects)


async def _observation(event: Event, effects: Effects) -> Key | None:
    if event.key.type == "Observation":
        return event.key
    task = await fetch(effects.tx, event.key)
    named = [task.content.get("focus", {})] if task else []
    ids = ids_of(named, "Observation", effects.tx.bases)
    return Key("Observation", ids[0]) if ids else None


async def _stated(observation: Key, effects: Effects) -> Stated | None:
    found = await fetch(effects.tx, observation)
    patient_id = patient_of(found.content, "subject", effects.tx.bases) if found else None
    if found is None or patient_id is None:
        return None
    told = found.version.updated
    day = told.astimezone(effects.tx.zone).date()
    return Stated(found.content, patient_id, day, instant(told))


async def _send(bundle: JsonObject, purpose: str, effects: Effects) -> None:
    body, name = write(bundle), f"suicide-risk-lower/{purpose}"
    await effects.send("intake", "POST", "", body=body, purpose=name)


def concerns(written: JsonObject) -> bool:
    """Tell whether a write states a risk, or is a Task that follows one."""
    if written["resourceType"] == "Task":
        return suicide_risk_action.is_action(written)
    return suicide_risk_action.states_risk(written)


REACTION: Final = Reaction(
    "suicide_risk_lower", frozenset({"Observation", "Task"}), handle, concerns
)
