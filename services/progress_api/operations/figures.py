"""`GET Organization/[id]/$figures`: the figures of an organization's programme over a period.

An operation of ours; it answers a Bundle of MeasureReports and changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.domain.figures.evidence import Evidence
from services.progress_api.domain.figures.period import days_asked
from services.progress_api.domain.figures.policy import MEASURES, MOST_DAYS
from services.progress_api.domain.figures.programme import is_a_programme, is_of, own
from services.progress_api.domain.figures.report import FIGURES, bundle, report
from shared.care.canonical import code_system
from shared.care.instruments.registry import INSTRUMENTS
from shared.care.programme_plan import is_ours
from shared.care.referral import HANDOFF
from shared.care.subject import patient_of
from shared.feed.one_person import survivors
from shared.fhir.errors import NotSupported, TooCostly
from shared.fhir.writer import write
from shared.server.definition import Operation, Parameter
from shared.server.request import FhirResponse
from shared.store.finding import find, required
from shared.store.version import Key, instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.progress_api.domain.figures.period import Days
    from shared.fhir.reader import JsonObject
    from shared.server.call import Call
    from shared.store.finding import Found
    from shared.store.reading import Reading

_PROGRAMME: Final = code_system("programme")
_TASK, _CLOCK = code_system("task"), code_system("clock")
# So many people are asked about at once, and so many resources of a kind believed of them.
_PEOPLE_AT_ONCE: Final = 40
_MOST: Final = 20_000
_KINDS: Final[dict[str, tuple[str, tuple[tuple[str, str], ...]]]] = {
    "referrals": ("Task", (("code", f"{_TASK}|referral"),)),
    "clocks": ("Task", (("code", f"{_CLOCK}|follow-up-7d,{_CLOCK}|follow-up-30d"),)),
    "handoffs": ("Task", (("code", f"{HANDOFF['system']}|{HANDOFF['code']}"),)),
    "appointments": ("Appointment", ()),
    "scores": (
        "Observation",
        (
            (
                "code",
                ",".join(
                    f"{score.system}|{score.code}"
                    for each in INSTRUMENTS
                    for score in each.scores
                    if score.change is not None
                ),
            ),
        ),
    ),
    "episodes": ("EpisodeOfCare", ()),
    "plans": ("CarePlan", ()),
    "orders": ("ServiceRequest", ()),
    "encounters": ("Encounter", (("class", "AMB,VR"),)),
}


async def tell_figures(reading: Reading, call: Call) -> FhirResponse:
    """Count what happened in an organization's programme.

    :raises NotFound: when there is no such organization.
    :raises Gone: when it was deleted.
    :raises NotSupported: for a figure that is not told here.
    :raises Malformed: for a period that cannot be.
    :raises TooCostly: when the people of the programme have more than may be counted at once.
    """
    organization = await required(reading, Key("Organization", call.request.id or ""))
    context, inputs = call.context, call.inputs
    period = inputs.one("period") or {}
    first = inputs.one("start") or period.get("start")
    last = inputs.one("end") or period.get("end")
    days = days_asked(first, last, context.now.astimezone(context.zone).date(), context.zone)
    wanted = _wanted(inputs.many("measure"))
    programme = inputs.one("programme") or "iop"
    evidence = await _evidence(reading, organization, str(programme), call)
    told = [_told(name, evidence, days, call) for name in wanted]
    return FhirResponse(200, write(bundle(told)))


def _told(name: str, evidence: Evidence, days: Days, call: Call) -> JsonObject:
    reporter = f"Organization/{call.request.id}"
    return report(FIGURES[name](evidence, days), days, reporter, instant(call.context.now))


def _wanted(names: Sequence[str]) -> list[str]:
    if any(each not in FIGURES for each in names):
        raise NotSupported(
            f"measure must be one of {', '.join(FIGURES)}.", expression="Parameters.parameter"
        )
    return [each for each in FIGURES if not names or each in names]


async def _evidence(reading: Reading, organization: Found, programme: str, call: Call) -> Evidence:
    """Read all that is counted of the people who are, were or asked to be in the programme."""
    bases = call.context.bases
    found = await _all(reading, "EpisodeOfCare", ("type", f"{_PROGRAMME}|{programme}"))
    episodes = [each for each in _stated(found) if is_of(each, organization.content, bases)]
    named = {each for told in episodes if (each := patient_of(told, "patient", bases)) is not None}
    persons = await survivors(reading, named, bases)
    people = sorted(persons)
    kinds: dict[str, list[JsonObject]] = {name: [] for name in _KINDS}
    for start in range(0, len(people), _PEOPLE_AT_ONCE):
        some = ",".join(f"Patient/{each}" for each in people[start : start + _PEOPLE_AT_ONCE])
        for name, (resource_type, criteria) in _KINDS.items():
            kinds[name] += await _all(reading, resource_type, ("patient", some), *criteria)
    counted = {each["id"] for each in episodes}
    others = [each for each in _stated(kinds["episodes"]) if each["id"] not in counted]
    read = Evidence(
        episodes=episodes,
        referrals=kinds["referrals"],
        clocks=kinds["clocks"],
        handoffs=kinds["handoffs"],
        appointments=kinds["appointments"],
        scores=kinds["scores"],
        plans=[each for each in kinds["plans"] if is_ours(each)],
        orders={each["id"]: each for each in kinds["orders"]},
        encounters={each["id"]: each for each in kinds["encounters"]},
        bases=bases,
        persons=persons,
        elsewhere=[each for each in others if is_a_programme(each)],
    )
    return own(read, programme, call.context.zone)


def _stated(episodes: Sequence[JsonObject]) -> list[JsonObject]:
    return [each for each in episodes if each["status"] != "entered-in-error"]


async def _all(
    reading: Reading, resource_type: str, *criteria: tuple[str, str]
) -> list[JsonObject]:
    found = await find(reading, resource_type, *criteria, limit=_MOST)
    if len(found) >= _MOST:
        raise TooCostly(f"The programme has {_MOST:,} {resource_type} or more to count.")
    return [each.content for each in found]


FIGURES_OPERATION: Final = Operation(
    code="figures",
    level="instance",
    types=("Organization",),
    handle=tell_figures,
    opens="snapshot",
    affects_state=False,
    description="Tell the figures of an organization's programme over a period, each number with "
    "the resources that it counts.",
    parameters=(
        Parameter("period", "in", "Period", "The first and the last day, both counted."),
        Parameter("start", "in", "date", "The first day; 30 days with the last without it."),
        Parameter(
            "end", "in", "date", f"The last day, today without it; {MOST_DAYS} days at most."
        ),
        Parameter("programme", "in", "code", "The code of the programme; `iop` without it."),
        Parameter(
            "measure",
            "in",
            "code",
            f"Which figures: {', '.join(each['id'] for each in MEASURES)}; all without it.",
            max=None,
        ),
        Parameter("return", "out", "Bundle", "A MeasureReport for each figure.", min=1),
    ),
)
