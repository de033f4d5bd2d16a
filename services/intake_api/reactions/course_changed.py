"""A person's course changed, or a clock began to run: clocks start, and follow the course.

What changes the course is whatever a clock depends on: visits, stays and their diagnoses, what
stands for a visit, the episode of care, and whether the person lives.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from services.intake_api.courses import known_of
from services.intake_api.domain import clock
from services.intake_api.domain.follow_up import acted, deeds, diagnosis, updating, visits, windows
from services.intake_api.domain.follow_up.updating import Written
from services.intake_api.domain.stay import is_inpatient
from shared.care import correction
from shared.care.automatic import Act, provenance
from shared.care.death import is_dead
from shared.care.merge import may_merge, replaced_by
from shared.care.subject import patient_of
from shared.feed.one_person import persons_merged
from shared.feed.reaction import Reaction
from shared.server.interactions.update import content_of
from shared.server.saving import save
from shared.store.finding import fetch
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.intake_api.courses import Known
    from services.intake_api.domain.follow_up.updating import Updated
    from shared.care.automatic import Policy
    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject

_WHOSE: Final = {
    "Coverage": "beneficiary",
    "EpisodeOfCare": "patient",
    "Task": "for",
}
TYPES: Final = frozenset({"Encounter", "Condition", "Patient", *_WHOSE, *deeds.TYPES})


async def handle(event: Event, effects: Effects) -> None:
    """Bring the clocks of everybody whom a write is or was about up to date."""
    versions = [await effects.tx.read(event.key)]
    versions += [await effects.tx.read_version(event.key, event.version - 1)]
    now, before = (content_of(version) for version in versions)
    if event.key.type == "Task" and not clock.is_clock(now or {}):
        return
    told = [each for each in (now, before) if each]
    persons = {}
    is_merge = event.key.type == "Patient" and bool(await persons_merged(event, effects.tx))
    for patient_id in sorted({each for one in told for each in _persons(one, effects)}):
        known = await known_of(effects.tx, patient_id, parted=is_merge)
        if known is not None:
            persons[known.patient.key] = known
    for known in persons.values():
        written = Written(str(event.key), event.version, known.course_with(before), is_merge)
        await _follow(known, written, effects)


def _persons(resource: JsonObject, effects: Effects) -> list[str]:
    """Name whom a write is about; a Patient also stands for the one whom it names instead."""
    bases = effects.tx.bases
    if resource["resourceType"] == "Patient":
        other = replaced_by(resource, bases)
        return [str(resource["id"]), *([other] if other else [])]
    element = _WHOSE.get(resource["resourceType"], "subject")
    patient_id = patient_of(resource, element, bases)
    return [patient_id] if patient_id else []


async def _follow(known: Known, written: Written, effects: Effects) -> None:
    clocks = [each.content for each in known.clocks]
    changed = updating.changed(clocks, known.course, written)
    started = await _started(known, effects)
    changes = [_change(known, each, effects) for each in (*changed, *started)]
    called_off = [change for each in changed if (change := await _called_off(each, effects))]
    said = [
        *_said(windows.POLICY, started, effects),
        *_said(visits.POLICY, [each for each in changed if each.verdict.by], effects),
        *_said(updating.POLICY, [each for each in changed if not each.verdict.by], effects),
    ]
    if changes:
        await save(effects.tx, [*changes, *called_off, *said])
    await _ask_who_acted(known, written.source, effects)


async def _ask_who_acted(known: Known, source: str, effects: Effects) -> None:
    """Ask whoever has completed a clock that has lost its ground since, to look again."""
    done = acted.completed_by_people([each.content for each in known.clocks], known.course)
    keys = [Key("Task", correction.review_id(f"Task/{each['id']}")) for each in done]
    versions = {key: await effects.tx.read(key) for key in keys}
    present = {key.id: content_of(version) for key, version in versions.items()}
    asked = acted.reviews(done, known.course, present, instant(effects.now))
    by_id = {key.id: version for key, version in versions.items()}
    changes = [
        Change(Key("Task", each), "PUT", by_id[each], after, effects.now)
        for each, after in asked.items()
    ]
    if changes:
        act = Act([str(each.key) for each in changes], [source], instant(effects.now), "UPDATE")
        said = Key("Provenance", effects.id_for(f"acted/{known.patient.key.id}"))
        said_by = provenance(correction.POLICY, act)
        await save(effects.tx, [*changes, Change(said, "PUT", None, said_by, effects.now)])


async def _started(known: Known, effects: Effects) -> list[Updated]:
    """Open the clocks that are missing; what people have deleted is not opened again."""
    since = known.in_care_since(effects.now)
    if since is None:
        return []
    patient = known.patient.reference
    started = updating.started(known.course, patient=patient, since=since, now=effects.now)
    # It is about whom its stay is about, so that it stays theirs when a merge is undone.
    own = {
        f"Encounter/{each['id']}": {"reference": each["subject"]["reference"]}
        for each in known.evidence.encounters
    }
    keys = {
        Key("Task", each.task["id"]): replace(
            each, task=each.task | {"for": own[each.task["focus"]["reference"]]}
        )
        for each in started
    }
    return [each for key, each in keys.items() if await effects.tx.read(key) is None]


def _change(known: Known, updated: Updated, effects: Effects) -> Change:
    key = Key("Task", updated.task["id"])
    before = next((each.version for each in known.clocks if each.key == key), None)
    return Change(key, "PUT", before, updated.task, effects.now)


async def _called_off(updated: Updated, effects: Effects) -> Change | None:
    """Call off the escalation of a clock that is no longer open."""
    escalation = await fetch(effects.tx, Key("Task", clock.escalation_id(updated.task["id"])))
    if escalation is None:
        return None
    after = updating.called_off(escalation.content, updated)
    return Change(escalation.key, "PUT", escalation.version, after, effects.now) if after else None


def _said(policy: Policy, updated: Sequence[Updated], effects: Effects) -> list[Change]:
    if not updated:
        return []
    targets = sorted(f"Task/{each.task['id']}" for each in updated)
    sources = {source for each in updated for source in each.sources}
    act = Act(targets, sorted(sources), instant(effects.now), updated[0].activity)
    key = Key("Provenance", effects.id_for(f"{policy.name}/{targets[0]}"))
    return [Change(key, "PUT", None, provenance(policy, act), effects.now)]


def concerns(written: JsonObject) -> bool:
    """Tell whether clocks may depend on a write, or did on what it changed."""
    kind = written["resourceType"]
    if kind == "Task":
        return clock.is_clock(written)
    # What is of no concern any more may have been in an earlier version.
    if kind == "EpisodeOfCare" or written["meta"]["versionId"] != "1":
        return True
    return _is_evidence(written)


def _is_evidence(written: JsonObject) -> bool:
    kind = written["resourceType"]
    if kind == "Patient":
        return is_dead(written) or may_merge(written)
    if kind == "Condition":
        return diagnosis.is_asked_for(written)
    if kind == "Encounter":
        return visits.was_seen(written) or is_inpatient(written) or visits.was_emergency(written)
    return kind == "Coverage" or bool(deeds.kinds_of(written))


REACTION: Final = Reaction("course_changed", TYPES, handle, concerns)
