"""A stay in hospital was told or taken back: the programme pauses or goes on, and people are asked.

Who left against advice is to be called; who leaves while the programme is on hold for the stay is
decided on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake_api.courses import known_of
from services.intake_api.domain.clock import as_opened
from services.intake_api.domain.follow_up import readmission
from services.intake_api.domain.stay import is_inpatient
from shared.care.automatic import Act, provenance
from shared.care.subject import patient_of
from shared.feed.reaction import Reaction
from shared.server.saving import save
from shared.store.finding import fetch
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from services.intake_api.courses import Known
    from services.intake_api.domain.follow_up.trigger import Trigger
    from shared.care.automatic import Policy
    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found


async def handle(event: Event, effects: Effects) -> None:
    """Let the episodes of a person follow a stay."""
    stay = await fetch(effects.tx, event.key)
    patient_id = patient_of(stay.content, "subject", effects.tx.bases) if stay else None
    known = await known_of(effects.tx, patient_id) if patient_id else None
    if stay is None or known is None or known.ended:
        return
    trigger = known.course.trigger(stay.reference)
    for episode in known.episodes:
        await _follow(episode, stay, trigger, effects)
    await _reach_out(known, stay, effects)


async def _follow(episode: Found, stay: Found, trigger: Trigger | None, effects: Effects) -> None:
    """Pause an episode for a stay, ask about its return after it, or let it go on without."""
    zone, at = effects.tx.zone, instant(effects.now)
    today = effects.now.astimezone(zone).date()
    held = Key("Provenance", readmission.hold_id(episode.reference, stay.reference))
    is_held = await effects.tx.read(held) is not None
    changes: list[Change] = []
    if trigger and readmission.interrupts(trigger, episode.content, today, zone):
        paused = readmission.paused(episode.content, at)
        changes.append(Change(episode.key, "PUT", episode.version, paused, effects.now))
        is_held, said = True, held
    elif trigger is None and is_held and episode.content["status"] == "onhold":
        resumed = readmission.resumed(episode.content, at)
        changes.append(Change(episode.key, "PUT", episode.version, resumed, effects.now))
        said = Key("Provenance", effects.id_for(f"resumed/{episode.key.id}"))
    else:
        said = Key("Provenance", effects.id_for(f"review/{episode.key.id}"))
    if trigger and trigger.last and is_held:
        changes += await _new(readmission.review(episode.content, trigger, at), effects)
    if changes:
        await save(effects.tx, [*changes, *_said(readmission.POLICY, said, changes, stay, effects)])


async def _reach_out(known: Known, stay: Found, effects: Effects) -> None:
    zone, at = effects.tx.zone, instant(effects.now)
    asked = readmission.outreach(stay.content, known.patient.reference, at, zone)
    if asked is None or not known.is_recent(stay.reference, effects.now):
        return
    changes = await _new(as_opened(asked, zone, effects.now), effects)
    said = Key("Provenance", effects.id_for("outreach"))
    if changes:
        await save(
            effects.tx, [*changes, *_said(readmission.OUTREACH, said, changes, stay, effects)]
        )


async def _new(task: JsonObject, effects: Effects) -> list[Change]:
    """Open a Task, once."""
    key = Key("Task", task["id"])
    is_there = await effects.tx.read(key) is not None
    return [] if is_there else [Change(key, "PUT", None, task, effects.now)]


def _said(
    policy: Policy, key: Key, changes: list[Change], stay: Found, effects: Effects
) -> list[Change]:
    targets = [str(change.key) for change in changes]
    act = Act(targets, (stay.versioned,), instant(effects.now), activity="UPDATE")
    return [Change(key, "PUT", None, provenance(policy, act), effects.now)]


def concerns(written: JsonObject) -> bool:
    """Tell whether a write is of a stay in hospital, or of what may have been one."""
    return is_inpatient(written) or written["meta"]["versionId"] != "1"


REACTION: Final = Reaction("stay_told", frozenset({"Encounter"}), handle, concerns)
