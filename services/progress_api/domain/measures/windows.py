"""The windows of local days in which measures are due, counted from admission or from the end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from services.progress_api.domain.measures.policy import RHYTHMS
from shared.fhir.dates import date_range, moment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, tzinfo

    from services.progress_api.domain.measures.course import Course, State
    from services.progress_api.domain.measures.policy import Phase, Rhythm, Rhythms


@dataclass(frozen=True, slots=True)
class Window:
    """First and last local day, both included, and the moment at which it was opened.

    `source` is the number of the episode's version from which it is counted.
    """

    phase: Phase
    first: date
    last: date
    opens: datetime
    source: int


def windows(
    course: Course, zone: tzinfo, now: datetime, rhythms: Rhythms = RHYTHMS
) -> list[Window]:
    """List all windows that have opened by now; none opens while the programme is on hold."""
    programme = _programme(course, zone, now, rhythms["programme"])
    return [*programme, *_aftercare(course, zone, now, rhythms["aftercare"])]


def next_opening(
    course: Course, zone: tzinfo, now: datetime, rhythms: Rhythms = RHYTHMS
) -> datetime | None:
    """Give the moment at which the next window opens, if the episode stays as it is."""
    following = next_days(course, zone, now, rhythms)
    return start_of_day(following[0], zone) if following else None


def next_days(
    course: Course, zone: tzinfo, now: datetime, rhythms: Rhythms = RHYTHMS
) -> tuple[date, date] | None:
    """Give the first and last day of the window that opens next, if the episode stays as it is."""
    origin = course.began if course.status == "active" else course.finished
    phase = course.phase
    if origin is None or phase is None:
        return None
    days = _days(rhythms[phase], origin, zone)
    return next((each for each in days if start_of_day(each[0], zone) > now), None)


def start_of_day(day: date, zone: tzinfo) -> datetime:
    """Give the first moment of a local day."""
    return moment(date_range(day.isoformat(), zone)[0])


def end_of_day(day: str, zone: tzinfo) -> datetime:
    """Give the moment at which a local day, written as a date, is over."""
    return moment(date_range(day, zone)[1])


def _programme(course: Course, zone: tzinfo, now: datetime, rhythm: Rhythm) -> Iterator[Window]:
    origin = course.began
    for first, last in _days(rhythm, origin, zone) if origin else ():
        start = start_of_day(first, zone)
        if origin is None or start > now:
            return
        opens = course.active_from(start, end_of_day(last.isoformat(), zone))
        if opens is not None and opens <= now:
            yield Window("programme", first, last, opens, origin.number)


def _aftercare(course: Course, zone: tzinfo, now: datetime, rhythm: Rhythm) -> Iterator[Window]:
    origin = course.finished
    for first, last in _days(rhythm, origin, zone) if origin else ():
        opens = start_of_day(first, zone)
        if origin is None or opens > now:
            return
        yield Window("aftercare", first, last, opens, origin.number)


def _days(rhythm: Rhythm, origin: State, zone: tzinfo) -> Iterator[tuple[date, date]]:
    """Give the first and last days of a phase's windows, in order, as long as it goes on."""
    day = origin.since.astimezone(zone).date()
    after = rhythm.starts_after_days
    while rhythm.period_days is None or after <= rhythm.period_days:
        first = day + timedelta(days=after)
        yield first, first + timedelta(days=rhythm.window_days - 1)
        after += rhythm.interval_days
