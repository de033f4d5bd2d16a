"""A high suicide risk was corrected: the Flag and the Task that it raised are withdrawn.

An alert belongs to the versions of an Observation that state the risk without a break. Whichever
comes first, alert or correction, what is decided depends only on what the record says now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.domain import ground, suicide_risk
from services.progress_api.domain.ground import Standing
from services.progress_api.reactions.suicide_risk_high import first_stated, person_at_high_risk
from shared.care import correction
from shared.care.canonical import CAUSE
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
    from shared.store.transaction import Transaction


async def handle(event: Event, effects: Effects) -> None:
    """Let the alerts of an Observation follow what it says now."""
    observation = await _observation(event, effects.tx)
    if observation is None:
        return
    about = await find(effects.tx, "Task", ("focus", str(observation)))
    tasks = [each for each in about if suicide_risk.raised_by(each.content) is not None]
    flags = await _flags([_cause(each) for each in tasks], effects.tx)
    for task in tasks:
        flag = flags.get(_cause(task))
        standing = await _standing(observation, task, flag, effects.tx)
        source = f"{event.key}/_history/{event.version}"
        bundle = ground.followed(standing, source, instant(effects.now))
        if bundle is not None:
            purpose = f"alert-grounds/{task.key.id}"
            await effects.send("intake", "POST", "", body=write(bundle), purpose=purpose)


async def _observation(event: Event, tx: Transaction) -> Key | None:
    if event.key.type == "Observation":
        before = await tx.read_version(event.key, event.version - 1)
        return event.key if person_at_high_risk(before, tx) else None
    written = await fetch(tx, event.key)
    name = None if written is None else suicide_risk.raised_by(written.content)
    return None if name is None else Key("Observation", name)


async def _flags(causes: list[str], tx: Transaction) -> dict[str, Found]:
    """Find the Flags that were raised beside Tasks, by their causes."""
    if not causes:
        return {}
    asked = ("identifier", ",".join(f"{CAUSE}|{each}" for each in causes))
    return {_cause(each): each for each in await find(tx, "Flag", asked)}


async def _standing(observation: Key, task: Found, flag: Found | None, tx: Transaction) -> Standing:
    version = await tx.read(observation)
    patient_id = person_at_high_risk(version, tx)
    name = None
    if version is not None and patient_id is not None:
        first = await first_stated(version, patient_id, tx)
        name = suicide_risk.name_of(observation.id, first.number)
    review = await fetch(tx, Key("Task", correction.review_id(task.reference)))
    return Standing(
        task=task.content,
        flag=None if flag is None else flag.content,
        review=None if review is None else review.content,
        ground=str(observation),
        stands=name == _cause(task),
        again=patient_id is not None and patient_id == patient_of(task.content, "for", tx.bases),
    )


def _cause(found: Found) -> str:
    named = (e.get("value", "") for e in found.content["identifier"] if e.get("system") == CAUSE)
    return str(next(named, ""))


def concerns(written: JsonObject) -> bool:
    """Tell whether a write may take the ground from an alert, or is one that we raised."""
    if written["resourceType"] == "Observation":
        return bool(written["meta"]["versionId"] != "1")
    return suicide_risk.raised_by(written) is not None


REACTION: Final = Reaction(
    "alert_grounds", frozenset({"Flag", "Observation", "Task"}), handle, concerns
)
