"""When an activity meets: each session in the programme's local time.

https://hl7.org/fhir/R4/datatypes.html#Timing
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Final

from shared.care.timing import (
    DAY_MINUTES,
    LAST_DAY,
    bounds_of,
    cycle,
    first_day,
    last_day,
    session_minutes,
    told_by,
)
from shared.fhir.dates import date_range, moment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from shared.care.timing import Cycle
    from shared.fhir.reader import JsonObject

    Days = tuple[date, date]

# A plan without an end is booked so far ahead, and an activity no more often.
_FARTHEST: Final = timedelta(days=365)
_MOST: Final = 800
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Session:
    """One meeting: its local start as people write it, and the moments it begins and ends."""

    local_start: str
    start: datetime
    end: datetime


def sessions(timing: JsonObject, period: JsonObject, zone: tzinfo) -> list[Session]:
    """List the sessions of an activity to book, inside the period of its plan.

    An activity whose weekdays or times of day are not said has none: people make them. The time on
    the wall stays through the year; one that the clock leaves out is met that much later.
    """
    running = _running(timing, period, zone)
    if running is None:
        return []
    first, last = running
    ahead = first, min(last, first + _FARTHEST)
    return list(islice(sessions_in(timing, period, zone, ahead), _MOST))


def sessions_in(
    timing: JsonObject, period: JsonObject, zone: tzinfo, days: Days
) -> Iterator[Session]:
    """Give the sessions of an activity that begin on the days from one to another."""
    minutes = session_minutes(timing)
    running = _running(timing, period, zone)
    if running is None or not 0 < minutes <= DAY_MINUTES:
        return
    length = timedelta(minutes=float(minutes))
    asked = max(days[0], running[0]), min(days[1], running[1])
    for start in _starts(timing, period, zone, asked):
        wall = start.replace(tzinfo=None).isoformat()
        yield Session(wall, _later(start), _later(start, length))


def are_told(timing: JsonObject, period: JsonObject) -> bool:
    """Tell whether the sessions of an activity follow from its timing and its plan's period."""
    begins = "start" in timing.get("repeat", {}).get("boundsPeriod", {}) or "start" in period
    told = told_by(timing)
    return told == "events" or (told == "days" and begins)


def runs_on(timing: JsonObject, day: date, zone: tzinfo, period: JsonObject) -> bool:
    """Tell whether an activity runs on a day: inside its bounds, and not met for its last time."""
    bounds = bounds_of(timing, period, zone)
    low, high = date_range(day.isoformat(), zone)
    begins = "start" not in bounds or date_range(bounds["start"], zone)[0] < high
    if not begins or ("end" in bounds and date_range(bounds["end"], zone)[1] <= low):
        return False
    repeat = timing.get("repeat", {})
    since = _since(timing, period, zone)
    days = cycle(repeat, since) if since is not None and "count" in repeat else None
    return days is None or since is None or _met(repeat, days, since, day) < repeat["count"]


def lasts_since_its_plan_began(timing: JsonObject, zone: tzinfo) -> bool:
    """Tell whether an activity ends so long, or so often, after a beginning that its plan tells."""
    repeat = timing.get("repeat", {})
    if "start" in repeat.get("boundsPeriod", {}):
        return False
    begun = bounds_of(timing, {"start": LAST_DAY.isoformat()}, zone)
    is_counted = "count" in repeat and told_by(timing) == "days"
    return is_counted or begun != bounds_of(timing, {}, zone)


def _running(timing: JsonObject, period: JsonObject, zone: tzinfo) -> Days | None:
    """Give the first and the last day of an activity; None where no day is the first."""
    periods = bounds_of(timing, period, zone), period
    starts = [first_day(each["start"], zone) for each in periods if "start" in each]
    ends = [last_day(each["end"], zone) for each in periods if "end" in each]
    if not starts and told_by(timing) == "events":
        starts = [min(first_day(each, zone) for each in timing["event"])]
    return (min(LAST_DAY, max(starts)), min([LAST_DAY, *ends])) if starts else None


def _since(timing: JsonObject, period: JsonObject, zone: tzinfo) -> date | None:
    """Give the day from which weeks, and times, are counted: that of the activity itself."""
    text = bounds_of(timing, period, zone).get("start", period.get("start"))
    return None if text is None else min(LAST_DAY, first_day(text, zone))


def _starts(
    timing: JsonObject, period: JsonObject, zone: tzinfo, asked: Days
) -> Iterator[datetime]:
    repeat = timing.get("repeat", {})
    if told_by(timing) == "events":
        told = (moment(date_range(e, zone)[0]).astimezone(zone) for e in set(timing["event"]))
        yield from (each for each in sorted(told) if asked[0] <= each.date() <= asked[1])
        return
    since = _since(timing, period, zone)
    days = None if since is None else cycle(repeat, since)
    if since is None or days is None:
        return
    left = repeat["count"] - _met(repeat, days, since, asked[0]) if "count" in repeat else None
    found = (
        datetime.combine(day, hour, tzinfo=zone)
        for day in _days(asked)
        if days.includes(day)
        for hour in _hours(repeat)
    )
    yield from islice(found, None if left is None else max(left, 0))


def _met(repeat: JsonObject, days: Cycle, since: date, before: date) -> int:
    """Count the sessions before a day."""
    return days.number(since, before) * len(_hours(repeat))


def _hours(repeat: JsonObject) -> list[time]:
    return sorted({time(int(text[:2]), int(text[3:5])) for text in repeat["timeOfDay"]})


def _days(asked: Days) -> Iterator[date]:
    for ahead in range((asked[1] - asked[0]).days + 1):
        yield asked[0] + _DAY * ahead


def _later(start: datetime, length: timedelta = timedelta()) -> datetime:
    # In UTC, because an hour of the clock on the wall may be none or two. So a time that the clock
    # leaves out is that much later, and of a time that comes twice it is the first.
    return (start.astimezone(UTC) + length).astimezone(start.tzinfo)
