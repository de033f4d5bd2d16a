"""`Patient/[id]/$progress`: how a person gets on, by what the record says now or said once.

An operation of ours; it answers Parameters and changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.domain.measure_change import baseline_window
from services.progress_api.domain.measures.task import CODE
from services.progress_api.domain.progress.answer import answer
from services.progress_api.domain.progress.policy import MOST_WEEKS
from services.progress_api.domain.progress.progress import Evidence, Place, progress
from services.progress_api.domain.progress.told import Told, days
from services.progress_api.due_next import due_next
from shared.care.episode import is_programme
from shared.care.instruments.registry import INSTRUMENTS
from shared.feed.one_person import person_then
from shared.fhir.dates import local_day
from shared.fhir.errors import NotSupported
from shared.fhir.writer import write
from shared.server.definition import Operation, Parameter
from shared.server.interactions.update import content_of
from shared.server.past import past
from shared.server.request import FhirResponse
from shared.store.as_of import as_of
from shared.store.finding import find, required
from shared.store.version import Key, instant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from shared.care.instruments.instrument import Instrument
    from shared.server.call import Call
    from shared.store.finding import Found
    from shared.store.reading import Reading

_TYPES: Final = (
    *("Appointment", "CarePlan", "Condition", "Encounter", "EpisodeOfCare", "Goal"),
    *("Observation", "Patient", "ServiceRequest"),
)
_IN_PROGRAMME: Final = frozenset({"active", "onhold", "finished"})
_MANY: Final = 1000


async def tell_progress(reading: Reading, call: Call) -> FhirResponse:
    """Tell how a person gets on.

    :raises NotFound: when there is no such person.
    :raises Gone: when the person's resource was deleted.
    :raises NotSupported: for an instrument that is not scored here.
    :raises Malformed: for a period that cannot be, or when `at` is no instant of the past.
    """
    patient = await required(reading, Key("Patient", call.request.id or ""))
    context, inputs = call.context, call.inputs
    at = past(inputs.one("at"), context.now) or context.now
    named = _named(inputs.many("instrument"))
    ids = (await person_then(reading, patient.key.id, context.bases, at)).ids
    found = list({e.key: e for id_ in ids for e in await as_of(reading, _TYPES, id_, at)}.values())
    programme = _programme(found)
    told = [Told(each.versioned, each.content) for each in found]
    told += await _tasks(reading, ids, at)
    place = Place(at, context.zone, context.bases)
    began = _began(programme, place)
    asked = days(
        (inputs.one("start"), inputs.one("end")), began, at.astimezone(context.zone).date()
    )
    window = None
    if programme is not None:
        first = await reading.read_version(programme.key, 1)
        stored = instant((first or programme.version).updated)
        window = baseline_window(programme.content, stored, context.zone)
    upcoming = await due_next(programme, found, place, reading)
    evidence = Evidence(patient.key.id, told, window, upcoming)
    return FhirResponse(200, write(answer(progress(evidence, asked, place, named))))


def _named(names: Sequence[str]) -> list[Instrument]:
    known = {each.name: each for each in INSTRUMENTS}
    if any(each not in known for each in names):
        raise NotSupported(
            f"instrument must be one of {', '.join(known)}.", expression="Parameters.parameter"
        )
    return [known[each] for each in dict.fromkeys(names)]


def _programme(found: Sequence[Found]) -> Found | None:
    """Choose the episode of the programme that the person is in, else the last one."""
    episodes = [
        each
        for each in found
        if each.key.type == "EpisodeOfCare"
        and is_programme(each.content)
        and each.content["status"] in _IN_PROGRAMME
    ]
    return max(episodes, key=_standing, default=None)


def _standing(episode: Found) -> tuple[bool, str, str]:
    start = episode.content.get("period", {}).get("start", "")
    return episode.content["status"] != "finished", start, episode.reference


def _began(programme: Found | None, place: Place) -> date | None:
    if programme is None:
        return None
    start = programme.content.get("period", {}).get("start")
    return local_day(start or instant(programme.version.updated), place.zone)


async def _tasks(reading: Reading, ids: Sequence[str], at: datetime) -> list[Told]:
    """Find the Tasks that asked for measures, as they stood then: they are in no compartment."""
    code = f"{CODE['system']}|{CODE['code']}"
    asked = await find(
        reading, "Task", ("patient", ",".join(f"Patient/{each}" for each in ids)), ("code", code)
    )
    found = []
    for each in asked:
        versions = await reading.history(each.key, before=None, limit=_MANY)
        then = next((version for version in versions if version.updated <= at), None)
        content = content_of(then)
        if then is not None and content is not None:
            found.append(Told(f"{each.key}/_history/{then.number}", content))
    return found


PROGRESS: Final = Operation(
    code="progress",
    level="instance",
    types=("Patient",),
    handle=tell_progress,
    opens="snapshot",
    affects_state=False,
    description="Tell how a person gets on: each instrument's series with baseline, latest, change "
    "and trend, what is due, late or missed; attendance, the hours of each week, and goals.",
    parameters=(
        Parameter("start", "in", "date", "The first day; that of the admission without it."),
        Parameter(
            "end", "in", "date", f"The last day, today without it; at most {MOST_WEEKS} weeks."
        ),
        Parameter(
            "instrument",
            "in",
            "code",
            "The instruments, by their ids; all that are used where none is named.",
            max=None,
        ),
        Parameter(
            "at",
            "in",
            "dateTime",
            "An instant of the past: progress by the record as it stood then.",
        ),
        Parameter("at", "out", "dateTime", "The instant at which the record is looked at.", min=1),
        Parameter("start", "out", "date", "The first day.", min=1),
        Parameter("end", "out", "date", "The last day.", min=1),
        Parameter("policy", "out", "string", "The policy by which progress is told.", min=1),
        Parameter(
            "instrument",
            "out",
            "BackboneElement",
            "Name and title; due*, late*, missed* and answered-late* (period, task); next-due, the "
            "days of the next window; series* of each score: baseline, latest, change, reason, "
            "delta, response, remission, trend, and each value with its versioned Observation.",
            max=None,
        ),
        Parameter(
            "attendance",
            "out",
            "BackboneElement",
            "Sessions offered, attended, missed, untold, and the percent attended.",
            min=1,
        ),
        Parameter("hours-policy", "out", "string", "The policy that counts the hours.", min=1),
        Parameter(
            "week", "out", "BackboneElement", "Minutes planned, scheduled, delivered.", max=None
        ),
        Parameter("goal", "out", "BackboneElement", "Each Goal, with its achievement.", max=None),
        Parameter("report", "out", "DiagnosticReport", "The same for people to read.", min=1),
    ),
)
