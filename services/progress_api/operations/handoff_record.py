"""Gathers from the record what a handoff's document holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.domain import suicide_risk
from services.progress_api.domain.handoff import document
from services.progress_api.domain.handoff.achieved import (
    as_achieved,
    evidence_of,
    says_otherwise,
)
from services.progress_api.domain.handoff.corrections import as_corrected, with_facts_of
from services.progress_api.domain.handoff.late import is_of_before
from services.progress_api.domain.handoff.record import TYPES, Record
from services.progress_api.episode_course import course_of
from shared.care.aftercare import plan_id
from shared.care.canonical import code_system
from shared.care.programme_plan import ids_of
from shared.fhir.dates import date_range, moment
from shared.server.interactions.update import content_of
from shared.store.finding import Found, fetch, find
from shared.store.version import Key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime, tzinfo

    from services.progress_api.domain.handoff.document import Name
    from services.progress_api.domain.handoff.handoff import Handoff
    from shared.fhir.reader import JsonObject
    from shared.fhir.search.reading import Reading as Texts
    from shared.store.reading import Reading


SHOWN: Final = (*TYPES, "Encounter")
_MANY: Final = 1000


async def gathered(reading: Reading, handoff: Handoff, texts: Texts) -> Record:
    """Read what the sections of a document may show of a person."""
    found = {
        name: [each.content for each in await find(reading, name, handoff.criterion)]
        for name in SHOWN
    }
    return Record(found, await admitted(reading, handoff, texts), texts)


async def gathered_then(
    reading: Reading, handoff: Handoff, texts: Texts
) -> tuple[Record, list[Found]]:
    """Read what was known at a handoff, and find what was learnt since of the time before.

    What was corrected is as it is now; of what is told late, only what is of before is there. The
    handoff's own plan is not: it is written with the packet.
    """
    own = Key("CarePlan", plan_id(handoff.cause))
    found: dict[str, list[JsonObject]] = {}
    learnt = []
    for name in SHOWN:
        for each in await find(reading, name, handoff.criterion):
            content, is_learnt = await _then(reading, each, texts)
            if content is not None and each.key != own:
                found.setdefault(name, []).append(content)
                learnt += [each] if is_learnt else []
    return Record(found, await admitted(reading, handoff, texts), texts), learnt


async def admitted(reading: Reading, handoff: Handoff, texts: Texts) -> datetime:
    """Tell since when the person was in care."""
    course = await course_of(Key("EpisodeOfCare", handoff.episode["id"]), reading)
    began = course.began.since if course.began else handoff.now
    return min([began, *_told(handoff.episode, texts.zone)])


async def _then(reading: Reading, found: Found, texts: Texts) -> tuple[JsonObject | None, bool]:
    if found.version.updated <= texts.now:
        return found.content, False
    versions = await reading.history(found.key, before=None, limit=_MANY)
    told = [(each.updated, content_of(each)) for each in reversed(versions)]
    ground = await _ground(reading, found.content)
    content, is_learnt = as_corrected(
        told, texts.now, lambda each: is_of_before(ground or each, texts)
    )
    if content is None or content["resourceType"] != "Goal":
        return content, is_learnt
    goal = as_achieved(
        content, told, texts.now, await _of_before(reading, told, texts), texts.bases
    )
    return goal, is_learnt or says_otherwise(content, goal)


async def _of_before(
    reading: Reading, goals: Iterable[tuple[datetime, JsonObject | None]], texts: Texts
) -> set[str]:
    """Name the scores of the time before a handoff by which versions of a goal are achieved."""
    ids = set().union(*(evidence_of(each, texts.bases) for _, each in goals if each))
    scores = await _contents(reading, {("Observation", each) for each in ids})
    return {each["id"] for each in scores if is_of_before(each, texts)}


async def _ground(reading: Reading, warning: JsonObject) -> JsonObject | None:
    """Read what raised a warning of ours, which is of its time, whenever we raised it."""
    raised_by = suicide_risk.raised_by(warning) if warning["resourceType"] == "Flag" else None
    ground = await fetch(reading, Key("Observation", raised_by)) if raised_by else None
    return ground.content if ground else None


async def led_to(
    reading: Reading, first: Sequence[JsonObject], handoff: Handoff, texts: Texts
) -> list[JsonObject]:
    """Read all that resources lead to, step by step, as far as it may go along.

    Who and where is told as it stands, and anything else as it was known at the handoff.
    """
    found: list[JsonObject] = []
    seen = {document.name_of(each) for each in first}
    newest: Sequence[JsonObject] = first
    while missing := document.led_to(newest, texts.bases) - seen:
        seen |= missing
        read = [await _told_along(reading, e, texts) for e in await _read(reading, missing)]
        newest = [e for e in read if e and document.may_go_along(e, handoff.ids, texts)]
        found += newest
    return found


async def _told_along(reading: Reading, found: Found, texts: Texts) -> JsonObject | None:
    if found.key.type in document.WHO_AND_WHERE:
        return found.content
    return (await _then(reading, found, texts))[0]


async def episode_then(reading: Reading, episode: Found, at: datetime) -> JsonObject:
    """Give an episode as it went until an instant, by the facts of it that stand now."""
    versions = await reading.history(episode.key, before=None, limit=_MANY)
    known = (content_of(each) for each in versions if each.updated <= at)
    return with_facts_of(next(filter(None, known), episode.content), episode.content)


async def lapsed_parts(reading: Reading, lapsed: Sequence[Found], texts: Texts) -> list[JsonObject]:
    """Find what handoffs that came to nothing left behind: referrals, and clocks that run."""
    focused = (each.content.get("focus", {}) for each in lapsed)
    ids = ids_of(focused, "ServiceRequest", texts.bases)
    if not ids:
        return []
    referrals = await _contents(reading, {("ServiceRequest", each) for each in ids})
    based_on = ("based-on", ",".join(f"ServiceRequest/{each}" for each in ids))
    code = ("code", f"{code_system('clock')}|")
    clocks = await find(reading, "Task", based_on, code, ("status", "requested"))
    active = [each for each in referrals if each["status"] == "active"]
    return [*active, *(each.content for each in clocks)]


async def handoffs_of(reading: Reading, episode: str, patient: str, code: str) -> list[Found]:
    """Find the Tasks by which an episode was handed over, the first one first."""
    tasks = await find(reading, "Task", ("patient", patient), ("code", code))
    found = [each for each in tasks if _reason(each.content) == episode]
    return sorted(found, key=lambda each: (each.content.get("authoredOn", ""), each.key))


async def _contents(reading: Reading, names: Iterable[Name]) -> list[JsonObject]:
    return [each.content for each in await _read(reading, names)]


async def _read(reading: Reading, names: Iterable[Name]) -> list[Found]:
    by_type: dict[str, list[str]] = {}
    for resource_type, logical_id in sorted(names):
        by_type.setdefault(resource_type, []).append(logical_id)
    pages = [await reading.read_many(name, ids) for name, ids in by_type.items()]
    told = ((version, content_of(version)) for page in pages for version in page.values())
    return [Found(version, content) for version, content in told if content is not None]


def _told(episode: JsonObject, zone: tzinfo) -> list[datetime]:
    """Read when an episode says that it began."""
    active = (each for each in episode.get("statusHistory", ()) if each["status"] == "active")
    periods = [episode.get("period", {}), *(each["period"] for each in active)]
    return [moment(date_range(each["start"], zone)[0]) for each in periods if "start" in each]


def _reason(task: JsonObject) -> str | None:
    reference: str | None = task.get("reasonReference", {}).get("reference")
    return reference
