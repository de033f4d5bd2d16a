"""A score or its change was written: the achievement of the person's goals follows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.domain import achievement
from services.plan_api.domain.achievement import Told
from services.plan_api.following import is_followed
from shared.care.automatic import Act, derived_id, provenance
from shared.care.canonical import code_system
from shared.care.subject import patient_of
from shared.feed.reaction import Reaction
from shared.server.interactions.update import content_of
from shared.server.saving import save
from shared.store.finding import find
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from services.plan_api.domain.achievement import Achievement
    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.transaction import Transaction


async def handle(event: Event, effects: Effects) -> None:
    """Let every goal of the person that is measured follow what the record holds now."""
    tx = effects.tx
    written = content_of(await tx.read_version(event.key, event.version)) or {}
    patient_id = patient_of(written, "subject", tx.bases)
    if patient_id is None or not await is_followed(tx, patient_id, effects.now):
        return
    patient = f"Patient/{patient_id}"
    for goal in await find(tx, "Goal", ("patient", patient)):
        found = await _found(goal.content, patient, tx)
        if found is not None:
            await _write(goal, found, effects)


async def _found(goal: JsonObject, patient: str, tx: Transaction) -> Achievement | None:
    """Decide by the first target that is measured."""
    for score, target in achievement.targets(goal):
        scores = await _observations(tx, patient, f"{score.system}|{score.code}")
        change = f"{code_system('measure')}|{score.change.code}" if score.change else None
        changes = await _observations(tx, patient, change) if change else []
        return achievement.achievement(score, target, scores, changes, tx.zone)
    return None


async def _observations(tx: Transaction, patient: str, code: str) -> list[Told]:
    found = await find(tx, "Observation", ("patient", patient), ("code", code))
    return [Told(each.versioned, each.content) for each in found]


async def _write(goal: Found, found: Achievement, effects: Effects) -> None:
    day = effects.now.astimezone(effects.tx.zone).date().isoformat()
    after = achievement.achieved(goal.content, found, day)
    if after is None:
        return
    change = Change(goal.key, "PUT", goal.version, after, effects.now)
    sources = [each.versioned for each in found.sources]
    act = Act([goal.reference], sources, instant(effects.now), "UPDATE")
    said = Key("Provenance", derived_id(f"{goal.key}/{change.number}", "achievement"))
    said_by = provenance(achievement.POLICY, act)
    await save(effects.tx, [change, Change(said, "PUT", None, said_by, effects.now)])


REACTION: Final = Reaction(
    "goal_measured", frozenset({"Observation"}), handle, concerns=achievement.is_evidence
)
