"""When a regular activity meets: each session in the programme's local time.

https://hl7.org/fhir/R4/datatypes.html#Timing
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from math import ceil
from typing import TYPE_CHECKING, Final

from shared.care.weekly_hours import WEEKDAYS, minutes_of, session_minutes
from shared.fhir.dates import date_range, moment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from shared.fhir.reader import JsonObject

# A plan without an end is scheduled so far ahead, and an activity no more often.
_FARTHEST: Final = timedelta(days=365)
_MOST: Final = 800
_DAY_MINUTES: Final = 24 * 60
# A year before the calendar of `datetime` comes near to its end.
_LAST_DAY: Final = date(9998, 1, 1)


@dataclass(frozen=True, slots=True)
class Session:
    """One meeting: its local start as people write it, and the moments it begins and ends."""

    local_start: str
    start: datetime
    end: datetime


def sessions(timing: JsonObject, period: JsonObject, zone: tzinfo) -> list[Session]:
    """List the sessions of an activity inside the period of its plan.

    An activity whose weekdays or times of day are not said has none: people make them. The time on
    the wall stays through the year; one that the clock leaves out is met that much later.
    """
    minutes = session_minutes(timing)
    repeat = timing.get("repeat", {})
    if not 0 < minutes <= _DAY_MINUTES or not _is_weekly(repeat):
        return []
    length = timedelta(minutes=float(minutes))
    days = _days(repeat, (bounds_of(timing, period, zone), period), zone)
    starts = (start for day in days for start in _starts(day, repeat, zone))
    limit = min(repeat.get("count", _MOST), _MOST)
    return [
        Session(start.replace(tzinfo=None).isoformat(), _later(start), _later(start, length))
        for start in islice(starts, limit)
    ]


def are_told(timing: JsonObject, period: JsonObject) -> bool:
    """Tell whether the sessions of an activity follow from its timing and its plan's period."""
    repeat = timing.get("repeat", {})
    begins = "start" in repeat.get("boundsPeriod", {}) or "start" in period
    return (
        begins and _is_weekly(repeat) and bool(repeat.get("dayOfWeek") and repeat.get("timeOfDay"))
    )


def bounds_of(timing: JsonObject, period: JsonObject, zone: tzinfo) -> JsonObject:
    """Give the period of an activity: its own, or for so long since its plan began."""
    repeat = timing.get("repeat", {})
    length = repeat.get("boundsDuration") or repeat.get("boundsRange", {}).get("high", {})
    minutes = minutes_of(length.get("value"), length.get("code"))
    if "boundsPeriod" in repeat or "start" not in period or not minutes:
        return dict(repeat.get("boundsPeriod", {}))
    first = min(_LAST_DAY, _first_day(period["start"], zone))
    days = min(max(ceil(minutes / _DAY_MINUTES), 1), (_LAST_DAY - first).days + 1)
    last = first + timedelta(days=days - 1)
    return {"start": first.isoformat(), "end": last.isoformat()}


def _is_weekly(repeat: JsonObject) -> bool:
    every = float(str(repeat.get("period", 1)))
    unit = repeat.get("periodUnit")
    return every >= 1 and every.is_integer() and (unit == "wk" or (unit == "d" and every == 1))


def _days(
    repeat: JsonObject, periods: tuple[JsonObject, JsonObject], zone: tzinfo
) -> Iterator[date]:
    bounds, _ = periods
    starts = [each["start"] for each in periods if "start" in each]
    ends = [each["end"] for each in periods if "end" in each]
    if not starts:
        return
    first = min(_LAST_DAY, max(_first_day(each, zone) for each in starts))
    last = min([first + _FARTHEST, *(_last_day(each, zone) for each in ends)])
    # Every second week is counted from the week in which the activity itself begins.
    origin = _first_day(bounds.get("start", starts[0]), zone)
    every = int(float(str(repeat.get("period", 1)))) if repeat.get("periodUnit") == "wk" else 1
    weekdays = repeat.get("dayOfWeek", ())
    monday = origin - timedelta(days=origin.weekday())
    for ahead in range((last - first).days + 1):
        day = first + timedelta(days=ahead)
        if WEEKDAYS[day.weekday()] in weekdays and (day - monday).days // 7 % every == 0:
            yield day


def _starts(day: date, repeat: JsonObject, zone: tzinfo) -> Iterator[datetime]:
    for text in sorted(repeat.get("timeOfDay", ())):
        hour, minute = int(text[:2]), int(text[3:5])
        yield datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)


def _later(start: datetime, length: timedelta = timedelta()) -> datetime:
    # In UTC, because an hour of the clock on the wall may be none or two. So a time that the clock
    # leaves out is that much later, and of a time that comes twice it is the first.
    return (start.astimezone(UTC) + length).astimezone(start.tzinfo)


def _first_day(text: str, zone: tzinfo) -> date:
    return moment(date_range(text, zone)[0]).astimezone(zone).date()


def _last_day(text: str, zone: tzinfo) -> date:
    return moment(date_range(text, zone)[1] - 1).astimezone(zone).date()
