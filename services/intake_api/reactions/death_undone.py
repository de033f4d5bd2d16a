"""A death was told in error: the episodes and Tasks that it had ended go on, once.

Plans come into force by a clinician alone, so they are asked to look at them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake_api.domain import death
from services.intake_api.operations.placing import has_room
from shared.care import correction
from shared.care.automatic import Act, provenance
from shared.care.canonical import POLICY
from shared.care.correction import Acted
from shared.care.death import is_dead, resumed
from shared.care.subject import patient_of
from shared.feed.reaction import Reaction
from shared.fhir.dates import date_range, moment
from shared.server.interactions.update import content_of
from shared.server.saving import save
from shared.store.finding import Found, fetch, find
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.transaction import Transaction
    from shared.store.version import Version

_MANY: Final = 1000
_AT_ONCE_SECONDS: Final = 1.0


async def handle(event: Event, effects: Effects) -> None:
    """Undo what was told of a person's death, or what had followed from it."""
    before = content_of(await effects.tx.read_version(event.key, event.version - 1))
    source = await fetch(effects.tx, event.key)
    if before is None or source is None:
        return
    if event.key.type == "Encounter":
        if death.ended_in_death(before) and not death.ended_in_death(source.content):
            await _undo_telling(source, effects)
    elif death.is_undone(before, source.content):
        await _go_on(source, effects)


async def _undo_telling(stay: Found, effects: Effects) -> None:
    """Take back what a stay had told, where it was we who wrote it into the Patient."""
    tx = effects.tx
    patient_id = patient_of(stay.content, "subject", tx.bases)
    patient = await fetch(tx, Key("Patient", patient_id)) if patient_id else None
    if patient is None or not is_dead(patient.content):
        return
    said = await _said(patient.reference, tx)
    if any(_names(each.content, stay.reference) for each in said):
        change = _change(patient, death.alive(patient.content), effects)
        await _write([change], stay, effects)


async def _go_on(patient: Found, effects: Effects) -> None:
    tx, at = effects.tx, instant(effects.now)
    changes: list[Change] = []
    for task in await find(tx, "Task", ("patient", patient.reference), ("status", "cancelled")):
        asked = resumed(task.content, await _earlier(task, tx))
        changes += [_change(task, asked, effects)] if asked else []
    for episode in await find(tx, "EpisodeOfCare", ("patient", patient.reference)):
        before = await _before_death(episode, tx)
        if before is not None:
            goes_on = death.resumed_episode(episode.content, before, at)
            # Somebody else may have the place by now, which people decide on.
            is_free = goes_on["status"] != "active" or await has_room(tx, goes_on)
            changes += [_change(episode, goes_on, effects)] if is_free else []
            changes += await _review(episode, patient, effects)
    if changes:
        await _write(changes, patient, effects)


async def _review(episode: Found, patient: Found, effects: Effects) -> list[Change]:
    """Ask clinicians to look at the plan and the sessions of somebody who goes on."""
    key = Key("Task", correction.review_id(episode.reference))
    version = await effects.tx.read(key)
    acted = Acted(episode.reference, episode.content["patient"], None, patient.reference)
    asked = correction.review(acted, instant(effects.now))
    is_asked = (content_of(version) or {}).get("status") == "requested"
    return [] if is_asked else [Change(key, "PUT", version, asked, effects.now)]


async def _before_death(episode: Found, tx: Transaction) -> JsonObject | None:
    """Give an episode as it was before a death ended it; None where it was not a death."""
    later: Version = episode.version
    for version in (await tx.history(episode.key, before=None, limit=_MANY))[1:]:
        content = content_of(version)
        if content is None:
            return None
        if content["status"] != episode.content["status"]:
            said = await _said(episode.reference, tx)
            return content if any(_is_at(each.content, later) for each in said) else None
        later = version
    return None


def _is_at(said: JsonObject, version: Version) -> bool:
    """Tell whether a Provenance was written with a version."""
    recorded = moment(date_range(said["recorded"])[0])
    return abs((version.updated - recorded).total_seconds()) < _AT_ONCE_SECONDS


async def _said(reference: str, tx: Transaction) -> list[Found]:
    """Find what our policy about deaths has said of a resource."""
    name = f"{death.POLICY.name}|{death.POLICY.version}"
    identifier = {"system": POLICY, "value": name}
    found = await find(tx, "Provenance", ("target", reference))
    return [
        each
        for each in found
        if any(a["who"].get("identifier") == identifier for a in each.content["agent"])
    ]


def _names(said: JsonObject, reference: str) -> bool:
    whats = (each["what"].get("reference", "") for each in said.get("entity", ()))
    return any(each.startswith(f"{reference}/") for each in whats)


async def _earlier(found: Found, tx: Transaction) -> list[JsonObject]:
    versions = await tx.history(found.key, before=None, limit=_MANY)
    return [content for each in versions if (content := content_of(each)) is not None]


def _change(found: Found, after: JsonObject, effects: Effects) -> Change:
    return Change(found.key, "PUT", found.version, after, effects.now)


async def _write(changes: list[Change], source: Found, effects: Effects) -> None:
    targets = [str(change.key) for change in changes]
    act = Act(targets, (source.versioned,), instant(effects.now), activity="UPDATE")
    said = Key("Provenance", effects.id_for("death-undone"))
    said_by = provenance(correction.POLICY, act)
    await save(effects.tx, [*changes, Change(said, "PUT", None, said_by, effects.now)])


def concerns(written: JsonObject) -> bool:
    """Tell whether a write may take back that a person has died."""
    is_alive = written["resourceType"] == "Encounter" or not is_dead(written)
    return bool(is_alive and written["meta"]["versionId"] != "1")


REACTION: Final = Reaction("death_undone", frozenset({"Encounter", "Patient"}), handle, concerns)
