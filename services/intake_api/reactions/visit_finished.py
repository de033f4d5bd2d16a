"""A visit was told or taken back, or a clock began to run: the clock follows the visits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake_api.domain.clock import CLOCK, is_clock
from services.intake_api.domain.follow_up import following, visits
from services.intake_api.domain.follow_up.following import Seen
from services.intake_api.domain.follow_up.visits import Calendar
from shared.care.automatic import Act, provenance
from shared.care.canonical import code_system
from shared.care.subject import patient_of
from shared.feed.reaction import Reaction
from shared.server.interactions.update import content_of
from shared.server.saving import save
from shared.store.finding import Found, fetch, find
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject

_VISITS: Final = "AMB,VR"
_CLOCKS: Final = ",".join(f"{CLOCK}|{code}" for code in visits.CODES)
_HANDOFF: Final = f"{code_system('task')}|handoff"
# Whoever was never in care here has no clock that we may move.
_NEVER: Final = frozenset({"cancelled", "entered-in-error"})


async def handle(event: Event, effects: Effects) -> None:
    """Complete clocks by visits in their windows, and reopen those whose visit was taken back."""
    if event.key.type == "Task":
        found = await fetch(effects.tx, event.key)
        if found is not None and is_clock(found.content):
            await _follow([found], None, effects)
        return
    calendar = Calendar(effects.tx.zone, effects.tx.bases)
    versions = [await effects.tx.read(event.key)]
    versions += [await effects.tx.read_version(event.key, event.version - 1)]
    told = [content for version in versions if (content := content_of(version))]
    was_visit = any(visits.visit_of(each, calendar) for each in told)
    patients = {patient_of(each, "subject", effects.tx.bases) for each in told}
    for patient_id in sorted(filter(None, patients)) if was_visit else ():
        asked = (("patient", f"Patient/{patient_id}"), ("code", _CLOCKS))
        await _follow(await find(effects.tx, "Task", *asked), str(event.key), effects)


async def _follow(clocks: Sequence[Found], visit: str | None, effects: Effects) -> None:
    """Bring clocks of one person up to date; `visit` is the one that was written, if any."""
    patient = patient_of(clocks[0].content, "for", effects.tx.bases) if clocks else None
    if patient is None or not await _was_in_care(patient, effects):
        return
    seen = await _seen(patient, effects)
    changes = []
    for each in clocks:
        after = following.followed(each.content, visit, seen)
        if after is not None:
            changes.append(Change(each.key, "PUT", each.version, after, effects.now))
    if changes:
        await save(effects.tx, [*changes, _said(changes, visit, effects)])


async def _was_in_care(patient_id: str, effects: Effects) -> bool:
    # The episode may have finished with the handoff that the visit completes.
    episodes = await find(effects.tx, "EpisodeOfCare", ("patient", f"Patient/{patient_id}"))
    return any(each.content["status"] not in _NEVER for each in episodes)


async def _seen(patient_id: str, effects: Effects) -> Seen:
    calendar = Calendar(effects.tx.zone, effects.tx.bases)
    whose = ("patient", f"Patient/{patient_id}")
    encounters = await find(
        effects.tx, "Encounter", whose, ("status", "finished"), ("class", _VISITS)
    )
    handoffs = await find(effects.tx, "Task", whose, ("code", _HANDOFF))
    read = (visits.visit_of(each.content, calendar) for each in encounters)
    given = (visits.handoff_of(each.content, calendar) for each in handoffs)
    return Seen(tuple(filter(None, read)), tuple(filter(None, given)), calendar)


def _said(changes: Sequence[Change], visit: str | None, effects: Effects) -> Change:
    by = (visits.satisfied_by(each.after or {}) for each in changes)
    sources = sorted({visit, *by} - {None}, key=str)
    act = Act(
        [str(each.key) for each in changes],
        [str(each) for each in sources],
        instant(effects.now),
        activity="UPDATE",
    )
    key = Key("Provenance", effects.id_for(f"visit/{changes[0].key.id}"))
    return Change(key, "PUT", None, provenance(visits.POLICY, act), effects.now)


def concerns(written: JsonObject) -> bool:
    """Tell whether a write may be of a visit, of one that was taken back, or of a clock."""
    if written["resourceType"] == "Task":
        return is_clock(written)
    # What is no visit any more was one in an earlier version.
    return visits.was_seen(written) or written["meta"]["versionId"] != "1"


REACTION: Final = Reaction("visit_finished", frozenset({"Encounter", "Task"}), handle, concerns)
