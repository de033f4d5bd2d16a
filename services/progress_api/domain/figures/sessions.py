"""Counts sessions: who came, and the hours that were delivered of those planned."""

from __future__ import annotations

from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Final

from services.progress_api.domain.figures.figure import Figure, Group, counted
from services.progress_api.domain.figures.planned import planned
from services.progress_api.domain.figures.policy import HOURS
from services.progress_api.domain.figures.share import share
from shared.care.local_week import weeks_between
from shared.care.session import (
    Counting,
    appointments_of,
    attended,
    is_missed,
    is_session,
    orders_of,
    tells_attendance,
)
from shared.care.spans import length, within
from shared.care.weekly_hours import LONGEST_VISIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from services.progress_api.domain.figures.evidence import Evidence
    from services.progress_api.domain.figures.period import Days
    from shared.care.local_week import LocalWeek
    from shared.fhir.dates import Range
    from shared.fhir.reader import JsonObject

_MINUTE: Final = 60_000_000
# An Encounter, and the time of it that counts.
Visit = tuple["JsonObject", "list[Range]"]


def attendance(evidence: Evidence, days: Days) -> Figure:
    """Count the sessions of the period that are told to have been attended or missed."""
    seen = {
        i
        for each in evidence.encounters.values()
        if is_session(each)
        for i in appointments_of(each, evidence.bases)
    }
    told = [
        each
        for each in evidence.appointments
        if each.get("basedOn")
        and days.holds(each.get("start"))
        and (tells_attendance(each) or (each.get("status") == "booked" and each["id"] in seen))
    ]
    came = [each for each in told if not is_missed(each)]
    group = Group(
        "attendance",
        "Sessions attended or missed, and those attended",
        (counted("denominator", told), counted("numerator", came)),
        {},
        share(len(came), len(told)),
    )
    return Figure("attendance", (group,))


def hours(evidence: Evidence, days: Days) -> Figure:
    """Add up the hours of the weeks that begin in the period, by the programme's policy."""
    weeks = _weeks(days)
    visits = _attended(evidence, days, weeks)
    minutes = planned(evidence, days, weeks)
    plans = [each for each in evidence.plans if each["id"] in minutes]
    return Figure(
        "hours",
        (
            Group(
                "planned",
                "Hours that the plans in force hold",
                (counted("initial-population", plans),),
                {},
                _hours(Decimal(sum(minutes.values())) / 60),
                "h",
            ),
            Group(
                "delivered",
                "Hours attended",
                (counted("initial-population", [each for each, _ in visits]),),
                {},
                _hours(Decimal(_minutes(visits, evidence, days, weeks)) / 60),
                "h",
            ),
        ),
    )


def _weeks(days: Days) -> list[LocalWeek]:
    """List the weeks that begin in the period."""
    found = weeks_between(days.first, days.last, HOURS.week_begins)
    return [week for week in found if days.first <= week.first <= days.last]


def _attended(evidence: Evidence, days: Days, weeks: Sequence[LocalWeek]) -> list[Visit]:
    """List the Encounters that the policy counts, each with the time attended in these weeks."""
    booked = {each["id"]: each for each in evidence.appointments}
    counting = Counting(evidence.bases, days.zone, LONGEST_VISIT, HOURS.takes_breaks_off)
    bounds = [week.span(days.zone) for week in weeks]
    found = [
        (each, within(attended(each, booked, counting), bounds))
        for each in evidence.encounters.values()
        if each["id"] not in evidence.not_ours and _counts(each, booked, evidence)
    ]
    return [(each, spans) for each, spans in found if spans]


def _counts(encounter: JsonObject, booked: Mapping[str, JsonObject], evidence: Evidence) -> bool:
    kept = [booked.get(each, {}) for each in appointments_of(encounter, evidence.bases)]
    ids = {i for each in (encounter, *kept) for i in orders_of(each, evidence.bases)}
    return any(HOURS.counts(evidence.orders[each]) for each in ids if each in evidence.orders)


def _minutes(
    visits: Iterable[Visit], evidence: Evidence, days: Days, weeks: Sequence[LocalWeek]
) -> int:
    """Add up whole minutes, of each person and week every moment once."""
    whose: defaultdict[str | None, list[Range]] = defaultdict(list)
    for encounter, spans in visits:
        whose[evidence.person(encounter, "subject")] += spans
    return sum(
        length(within(spans, [week.span(days.zone)])) // _MINUTE
        for spans in whose.values()
        for week in weeks
    )


def _hours(number: Decimal) -> Decimal:
    return number.quantize(Decimal("0.01"), ROUND_HALF_UP)
