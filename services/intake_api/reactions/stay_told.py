"""A stay in hospital was told, corrected or taken back: the programme pauses or goes on for it.

Who left against advice is to be called; who leaves while the programme is on hold for the stay is
decided on. Whose stay it was may turn out otherwise, also by a merge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake_api.courses import known_of
from services.intake_api.domain.clock import as_opened
from services.intake_api.domain.follow_up import acted, readmission
from services.intake_api.domain.follow_up.readmission import OUTREACH, POLICIES, POLICY, REVIEW
from services.intake_api.domain.stay import is_inpatient
from shared.care import correction
from shared.care.automatic import Act, provenance
from shared.care.merge import may_merge
from shared.care.subject import patient_of
from shared.feed.one_person import persons_merged
from shared.feed.reaction import Reaction
from shared.feed.status_given import names, said_by, status_given
from shared.server.interactions.update import content_of
from shared.server.saving import save
from shared.store.finding import fetch, find
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from services.intake_api.courses import Known
    from services.intake_api.domain.follow_up.trigger import Trigger
    from shared.care.automatic import Policy
    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.transaction import Transaction
    from shared.store.version import Version


async def handle(event: Event, effects: Effects) -> None:
    """Let the episodes of everybody follow whose stay it is, or was."""
    persons = await _persons(event, effects.tx)
    for known in persons:
        for episode in known.episodes if not known.ended else ():
            await _follow(episode, known, event, effects)
    for stay in _stays(event, persons):
        await _reach_out(stay, persons, event, effects)


async def _persons(event: Event, tx: Transaction) -> list[Known]:
    """Read whom a write of a stay is or was about, or whom one of a Patient merged or parted."""
    is_merge = event.key.type == "Patient"
    if is_merge:
        # A Patient who comes with a link is history, of which nothing follows.
        merged = await persons_merged(event, tx) if event.version > 1 else ()
        ids: list[str | None] = [each.survivor for each in merged]
    else:
        versions = [await tx.read(event.key), await tx.read_version(event.key, event.version - 1)]
        told = [content for each in versions if (content := content_of(each))]
        is_stay = any(map(is_inpatient, told))
        ids = [patient_of(each, "subject", tx.bases) for each in told if is_stay]
    known = [await known_of(tx, each, parted=is_merge) for each in ids if each]
    return list({each.patient.key: each for each in known if each}.values())


def _stays(event: Event, persons: Iterable[Known]) -> list[Key]:
    if event.key.type == "Encounter":
        return [event.key]
    told = (each for known in persons for each in known.evidence.encounters)
    return [Key("Encounter", each["id"]) for each in told if is_inpatient(each)]


async def _follow(episode: Found, known: Known, event: Event, effects: Effects) -> None:
    """Pause an episode for a stay, let it go on without, and ask about the return after it."""
    tx, zone, at = effects.tx, effects.tx.zone, instant(effects.now)
    today = effects.now.astimezone(zone).date()
    stays = [each for each in known.course.triggers if each.kind == "stay"]
    told = [e for e in stays if event.key.type == "Patient" or e.reference == str(event.key)]
    new = [e for e in told if readmission.interrupts(e, episode.content, today, zone)]
    after = readmission.paused(episode.content, at) if new else None
    if not any(readmission.keeps_on_hold(each, episode.content, zone) for each in stays):
        after = await _as_before(episode, tx)
    if after is not None:
        change = Change(episode.key, "PUT", episode.version, after, effects.now)
        sources = [*await _versioned(new, tx), _occasion(event)]
        await _save([change], POLICY, sources, f"hold/{episode.key.id}", effects)
    said = [each for policy in POLICIES for each in await said_by(policy, episode.reference, tx)]
    held = [e for e in stays if e in new or any(names(s.content, e.reference) for s in said)]
    asked = [
        readmission.review(episode.content, each, at)
        for each in held
        if readmission.asks_for_review(each, episode.content, zone)
    ]
    present = await find(tx, "Task", ("focus", episode.reference), ("code", REVIEW))
    await _ask({each["id"]: each for each in asked}, present, event, effects)


async def _as_before(episode: Found, tx: Transaction) -> JsonObject | None:
    """Give an episode as it was before we put it on hold; None where it was not us."""
    if episode.content["status"] != "onhold":
        return None
    given = [await status_given(episode, each, tx) for each in POLICIES]
    first = next(filter(None, given), None)
    return readmission.resumed(episode.content, first.before) if first else None


async def _reach_out(stay: Key, persons: Iterable[Known], event: Event, effects: Effects) -> None:
    told = await fetch(effects.tx, stay)
    whose = [e for e in persons if any(stay.id == one["id"] for one in e.evidence.encounters)]
    if any(each.ended for each in whose):
        return
    at, zone = instant(effects.now), effects.tx.zone
    asked = [
        readmission.outreach(told.content, each.patient.reference, at, zone)
        for each in whose
        if told is not None
    ]
    wanted = {each["id"]: as_opened(each, zone, effects.now) for each in asked if each}
    present = await fetch(effects.tx, Key("Task", readmission.outreach_id(str(stay))))
    is_recent = any(each.is_recent(str(stay), effects.now) for each in whose)
    if present is not None:
        await _ask(wanted, [present], event, effects)
    elif is_recent:
        await _ask(wanted, [], event, effects, policy=OUTREACH)


async def _ask(
    wanted: Mapping[str, JsonObject],
    present: Iterable[Found],
    event: Event,
    effects: Effects,
    *,
    policy: Policy = POLICY,
) -> None:
    """Open what is asked for and never was, and let what is there have its ground or lose it."""
    there = {each.key.id: each for each in present}
    for task_id, task in wanted.items():
        key = Key("Task", task_id)
        if task_id not in there and await effects.tx.read(key) is None:
            opened = [Change(key, "PUT", None, task, effects.now)]
            stays = [_ground(task)]
            sources = [*await _current(stays, effects.tx), _occasion(event)]
            await _save(opened, policy, sources, f"asked/{task_id}", effects)
    followed = [(each, _followed(each.content, wanted.get(name))) for name, each in there.items()]
    changes = [
        Change(each.key, "PUT", each.version, after, effects.now)
        for each, after in followed
        if after is not None and after != each.content
    ]
    changes += await _who_acted(there.values(), wanted, effects)
    if changes:
        purpose = f"followed/{changes[0].key.id}"
        await _save(changes, correction.POLICY, [_occasion(event)], purpose, effects)


def _followed(task: JsonObject, wanted: JsonObject | None) -> JsonObject | None:
    if wanted is None:
        return correction.withdrawn(task)
    return correction.restored(task) | {"for": wanted["for"]}


async def _who_acted(
    tasks: Iterable[Found], wanted: Mapping[str, JsonObject], effects: Effects
) -> list[Change]:
    """Ask whoever has completed what lost its ground since, to look again."""
    done = [each.content for each in tasks if each.content["status"] == "completed"]
    keys = [Key("Task", correction.review_id(f"Task/{each['id']}")) for each in done]
    versions = {key.id: await effects.tx.read(key) for key in keys}
    lost = [(each, _ground(each)) for each in done if each["id"] not in wanted]
    present = {name: content_of(version) for name, version in versions.items()}
    asked = acted.asked(lost, present, instant(effects.now))
    return [
        Change(Key("Task", name), "PUT", versions[name], after, effects.now)
        for name, after in asked.items()
    ]


async def _versioned(stays: Iterable[Trigger], tx: Transaction) -> list[str]:
    return await _current([each.reference for each in stays], tx)


async def _current(references: Iterable[str], tx: Transaction) -> list[str]:
    keys = [Key(*each.split("/")) for each in references]
    found: list[Version | None] = [await tx.read(key) for key in keys]
    return [f"{each.key}/_history/{each.number}" for each in found if each]


def _ground(task: JsonObject) -> str:
    """Name the stay for which a Task was opened."""
    told: JsonObject = task["reasonReference"] if "reasonReference" in task else task["focus"]
    return str(told["reference"])


def _occasion(event: Event) -> str:
    return f"{event.key}/_history/{event.version}"


async def _save(
    changes: list[Change], policy: Policy, sources: list[str], purpose: str, effects: Effects
) -> None:
    targets = [str(change.key) for change in changes]
    act = Act(
        targets,
        sorted(set(sources)),
        instant(effects.now),
        activity="UPDATE" if any(change.before for change in changes) else "CREATE",
    )
    said = Key("Provenance", effects.id_for(purpose))
    told = Change(said, "PUT", None, provenance(policy, act), effects.now)
    await save(effects.tx, [*changes, told])


def concerns(written: JsonObject) -> bool:
    """Tell whether a write is of a stay, of what may have been one, or may merge or part people."""
    if written["resourceType"] == "Patient":
        return may_merge(written)
    return is_inpatient(written) or written["meta"]["versionId"] != "1"


REACTION: Final = Reaction("stay_told", frozenset({"Encounter", "Patient"}), handle, concerns)
