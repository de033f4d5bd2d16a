"""A death was told in error, or of another time: what it had ended goes on, once.

Plans and sessions go on with the episode; clinicians are asked to look at them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake_api.domain import death
from services.intake_api.operations.placing import has_room
from shared.care import correction
from shared.care.automatic import Act, provenance
from shared.care.correction import Acted
from shared.care.death import ENDS_CARE as POLICY
from shared.care.death import resumed
from shared.care.merge import may_merge
from shared.care.subject import patient_of
from shared.feed.deaths import deaths_told
from shared.feed.reaction import Reaction
from shared.feed.status_given import names, said_by, status_given
from shared.server.interactions.update import content_of
from shared.server.saving import save
from shared.store.finding import Found, fetch, find
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.feed.effects import Effects
    from shared.feed.one_person import OnePerson
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.transaction import Transaction

_MANY: Final = 1000
_TELLING: Final = (POLICY, correction.POLICY)


async def handle(event: Event, effects: Effects) -> None:
    """Undo what was told of a person's death, or what had followed from it."""
    before = content_of(await effects.tx.read_version(event.key, event.version - 1))
    source = await fetch(effects.tx, event.key)
    if before is None or source is None:
        return
    if event.key.type == "Encounter":
        await _follow_telling(before, source, event, effects)
        return
    for told in await deaths_told(event, effects.tx):
        if not told.has_died:
            await _go_on(told.person, event, effects)


async def _follow_telling(before: JsonObject, stay: Found, event: Event, effects: Effects) -> None:
    """Let a Patient say what the stays tell now, where it was we who wrote what it says."""
    tx = effects.tx
    patient_id = _whose_death(before, tx.bases)
    patient = await fetch(tx, Key("Patient", patient_id)) if patient_id else None
    if patient is None or not death.says(patient.content, before):
        return
    said = [each for policy in _TELLING for each in await said_by(policy, patient.reference, tx)]
    if not any(names(each.content, str(event.key)) for each in said):
        return
    others = await find(tx, "Encounter", ("subject", patient.reference))
    tell = (e for e in (stay, *others) if _whose_death(e.content, tx.bases) == patient_id)
    told = next(tell, None)
    after = death.told_anew(patient.content, told.content if told else None)
    if after != patient.content:
        sources = {f"{event.key}/_history/{event.version}", *([told.versioned] if told else ())}
        change = _change(patient, after, effects)
        await _write([change], sorted(sources), patient.key.id, effects)


def _whose_death(stay: JsonObject, bases: tuple[str, ...]) -> str | None:
    return patient_of(stay, "subject", bases) if death.ended_in_death(stay) else None


async def _go_on(person: OnePerson, event: Event, effects: Effects) -> None:
    tx, at = effects.tx, instant(effects.now)
    changes: list[Change] = []
    for task in await find(tx, "Task", person.criterion, ("status", "cancelled")):
        asked = resumed(task.content, await _earlier(task, tx))
        changes += [_change(task, asked, effects)] if asked else []
    for episode in await find(tx, "EpisodeOfCare", person.criterion):
        given = await status_given(episode, POLICY, tx)
        if given is not None:
            goes_on = death.resumed_episode(episode.content, given.before, at)
            # Somebody else may have the place by now, which people decide on.
            is_free = goes_on["status"] != "active" or await has_room(tx, goes_on)
            changes += [_change(episode, goes_on, effects)] if is_free else []
            changes += await _review(episode, str(event.key), effects)
    if changes:
        source = f"{event.key}/_history/{event.version}"
        # The review of an earlier such error, which this one had ended, is asked for anew.
        changes = list({each.key: each for each in changes}.values())
        await _write(changes, [source], person.survivor, effects)


async def _review(episode: Found, ground: str, effects: Effects) -> list[Change]:
    """Ask clinicians to look at the plan and the sessions of somebody who goes on."""
    key = Key("Task", correction.review_id(episode.reference))
    version = await effects.tx.read(key)
    acted = Acted(episode.reference, episode.content["patient"], None, ground)
    asked = correction.review(acted, instant(effects.now))
    is_asked = (content_of(version) or {}).get("status") == "requested"
    return [] if is_asked else [Change(key, "PUT", version, asked, effects.now)]


async def _earlier(found: Found, tx: Transaction) -> list[JsonObject]:
    versions = await tx.history(found.key, before=None, limit=_MANY)
    return [content for each in versions if (content := content_of(each)) is not None]


def _change(found: Found, after: JsonObject, effects: Effects) -> Change:
    return Change(found.key, "PUT", found.version, after, effects.now)


async def _write(
    changes: list[Change], sources: Sequence[str], whose: str, effects: Effects
) -> None:
    targets = [str(change.key) for change in changes]
    act = Act(targets, sources, instant(effects.now), activity="UPDATE")
    said = Key("Provenance", effects.id_for(f"death-undone/{whose}"))
    body = provenance(correction.POLICY, act)
    await save(effects.tx, [*changes, Change(said, "PUT", None, body, effects.now)])


def concerns(written: JsonObject) -> bool:
    """Tell whether a write may take back that a person has died."""
    return bool(written["meta"]["versionId"] != "1" or may_merge(written))


REACTION: Final = Reaction("death_undone", frozenset({"Encounter", "Patient"}), handle, concerns)
