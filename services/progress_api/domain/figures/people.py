"""Counts people: the census of a programme."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.progress_api.domain.figures.evidence import courses, touches
from services.progress_api.domain.figures.figure import Figure, Group, counted, reference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.progress_api.domain.figures.evidence import Evidence
    from services.progress_api.domain.figures.figure import Population
    from services.progress_api.domain.figures.period import Days
    from shared.fhir.reader import JsonObject


def census(evidence: Evidence, days: Days) -> Figure:
    """Count who was in the programme, and who came and left."""
    times = courses(evidence, days.zone)
    present = [each.episode for each in times if touches(each.times, days.span)]
    by_day = {
        day.isoformat(): tuple(
            reference(each.episode) for each in times if touches(each.times, days.of(day))
        )
        for day in days.steps
    }
    low, high = days.span
    came = [e.episode for e in times if e.times and low <= min(e.times)[0] < high]
    left = [e.episode for e in times if e.stay and low < max(end for _, end in e.stay) <= high]
    last = [each.episode for each in times if touches(each.times, days.of(days.last))]
    return Figure(
        "census",
        (
            Group("present", "In the programme in the period", _first(present), {"day": by_day}),
            Group("present-at-end", "In the programme on its last day", _first(last), {}),
            Group("admitted", "Admitted in the period", _first(came), {}),
            Group("left", "Left in the period", _first(left), {}),
        ),
    )


def _first(resources: Sequence[JsonObject]) -> tuple[Population]:
    return (counted("initial-population", resources),)
