"""A score, its change or a goal was written: the achievement of the person's goals follows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from services.plan_api.domain import achievement
from services.plan_api.domain.achievement import Told
from services.plan_api.following import is_followed
from shared.care.automatic import Act, derived_id, provenance
from shared.care.canonical import code_system
from shared.care.merge import may_merge
from shared.care.subject import patient_of
from shared.feed.one_person import one_person, persons_merged
from shared.feed.reaction import Reaction
from shared.server.interactions.update import content_of
from shared.server.saving import save
from shared.store.finding import find
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.plan_api.domain.achievement import Achievement
    from shared.feed.effects import Effects
    from shared.feed.one_person import OnePerson
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.transaction import Transaction

_MANY: Final = 1000


async def handle(event: Event, effects: Effects) -> None:
    """Let every goal that is measured follow what the record holds now of whom a write is about."""
    # A Patient who comes with a link is history, of which nothing follows.
    is_merge = event.key.type == "Patient" and event.version > 1
    for person in await _persons(event, effects.tx):
        if is_merge or await is_followed(effects.tx, person.survivor, effects.now):
            for goal in await _goals(person, event, effects.tx):
                await _follow(goal, person, event, effects)


async def _persons(event: Event, tx: Transaction) -> list[OnePerson]:
    if event.key.type == "Patient":
        return await persons_merged(event, tx)
    numbers = (event.version, event.version - 1)
    told = [content_of(await tx.read_version(event.key, each)) for each in numbers]
    ids = dict.fromkeys(patient_of(each, "subject", tx.bases) for each in told if each)
    return list(dict.fromkeys([await one_person(tx, each) for each in ids if each]))


async def _goals(person: OnePerson, event: Event, tx: Transaction) -> list[Found]:
    """Find what may be measured anew: of a goal that was written, that one."""
    found = await find(tx, "Goal", person.criterion)
    return [each for each in found if event.key.type != "Goal" or each.key == event.key]


async def _follow(goal: Found, person: OnePerson, event: Event, effects: Effects) -> None:
    """Decide by the first target that is measured."""
    tx = effects.tx
    for score, target in achievement.targets(goal.content):
        scores = await _observations(tx, person, f"{score.system}|{score.code}")
        change = f"{code_system('measure')}|{score.change.code}" if score.change else None
        changes = await _observations(tx, person, change) if change else []
        found = achievement.achievement(score, target, scores, changes, tx.zone)
        if found is not None:
            has_lost = achievement.has_lost(goal.content, (*scores, *changes))
            has_lost = has_lost and await _was_told_by_us(goal, tx)
            await _write(goal, replace(found, is_of_other_evidence=has_lost), effects)
        elif await _was_told_by_us(goal, tx):
            await _take_back(goal, event, effects)
        return


async def _observations(tx: Transaction, person: OnePerson, code: str) -> list[Told]:
    found = await find(tx, "Observation", person.criterion, ("code", code))
    return [Told(each.versioned, each.content) for each in found]


async def _write(goal: Found, found: Achievement, effects: Effects) -> None:
    day = effects.now.astimezone(effects.tx.zone).date().isoformat()
    after = achievement.achieved(goal.content, found, day)
    if after is not None:
        sources = [each.versioned for each in found.sources]
        await _save(goal, after, sources, effects)


async def _take_back(goal: Found, event: Event, effects: Effects) -> None:
    """Withdraw what its measures had said of a goal; what people have said of it stands."""
    for version in await effects.tx.history(goal.key, before=None, limit=_MANY):
        content = content_of(version) or {}
        if not await _is_ours(goal, version.number, effects.tx):
            if content.get("outcomeReference") == goal.content.get("outcomeReference"):
                continue  # people wrote it anew for something else
            after = achievement.taken_back(goal.content, content)
            await _save(goal, after, [f"{event.key}/_history/{event.version}"], effects)
            return


async def _was_told_by_us(goal: Found, tx: Transaction) -> bool:
    """Tell whether it was us who wrote on what a goal's achievement rests."""
    rests_on = goal.content.get("outcomeReference")
    if not rests_on:
        return False
    versions = await tx.history(goal.key, before=None, limit=_MANY)
    same = [e for e in versions if (content_of(e) or {}).get("outcomeReference") == rests_on]
    return any([await _is_ours(goal, each.number, tx) for each in same])


async def _is_ours(goal: Found, number: int, tx: Transaction) -> bool:
    said = derived_id(f"{goal.key}/{number}", "achievement")
    return await tx.read(Key("Provenance", said)) is not None


async def _save(goal: Found, after: JsonObject, sources: Sequence[str], effects: Effects) -> None:
    change = Change(goal.key, "PUT", goal.version, after, effects.now)
    act = Act([goal.reference], sources, instant(effects.now), "UPDATE")
    said = Key("Provenance", derived_id(f"{goal.key}/{change.number}", "achievement"))
    said_by = provenance(achievement.POLICY, act)
    await save(effects.tx, [change, Change(said, "PUT", None, said_by, effects.now)])


def concerns(written: JsonObject) -> bool:
    """Tell whether a write may tell how far a goal is achieved."""
    if written["resourceType"] == "Patient":
        return may_merge(written)
    if written["resourceType"] == "Goal":
        return achievement.is_unmeasured(written)
    return achievement.is_evidence(written)


REACTION: Final = Reaction(
    "goal_measured", frozenset({"Goal", "Observation", "Patient"}), handle, concerns
)
