"""What a Timing says of an activity: how long a session lasts, how often, from when and until when.

It is read in one of three ways: days and times that come again, events, or how often alone.
https://hl7.org/fhir/R4/datatypes.html#Timing
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, Final, Literal

from shared.fhir.dates import date_range, moment

if TYPE_CHECKING:
    from datetime import tzinfo

    from shared.fhir.reader import JsonObject

Told = Literal["days", "events", "mean"]

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES: Final = 24 * 60
_WEEK_MINUTES: Final = 7 * DAY_MINUTES
# A month and a year as UCUM has them.
_UNIT_MINUTES: Final = {
    "s": Fraction(1, 60),
    "min": Fraction(1),
    "h": Fraction(60),
    "d": Fraction(DAY_MINUTES),
    "wk": Fraction(_WEEK_MINUTES),
    "mo": Fraction(43_830),
    "a": Fraction(525_960),
}
_LONGEST: Final = 1e6
_FINEST: Final = 10_000
# A year before the calendar of `datetime` comes near to its end.
LAST_DAY: Final = date(9998, 1, 1)


@dataclass(frozen=True, slots=True)
class Cycle:
    """Days that come again: some, counted from 0, of every `length` days since its first."""

    first: date
    length: int
    days: tuple[int, ...]

    def includes(self, day: date) -> bool:
        """Tell whether a day is one of them."""
        return (day - self.first).days % self.length in self.days

    def number(self, after: date, before: date) -> int:
        """Count the days from one on until before another."""
        return self._until(before) - self._until(after) if after < before else 0

    def _until(self, day: date) -> int:
        whole, rest = divmod((day - self.first).days, self.length)
        return whole * len(self.days) + bisect_left(self.days, rest)


def told_by(timing: JsonObject) -> Told:
    """Tell how a Timing says when an activity meets; a mean, where it says only how often."""
    repeat = timing.get("repeat", {})
    if cycle(repeat, LAST_DAY) is not None:
        return "days"
    events = timing.get("event", ())
    is_timed = bool(events) and all("T" in each for each in events)
    return "events" if is_timed and "period" not in repeat else "mean"


def cycle(repeat: JsonObject, begins: date) -> Cycle | None:
    """Give the days on which an activity meets that begins on one; None where it does not say."""
    every, unit = float(str(repeat.get("period", 1))), repeat.get("periodUnit")
    if not repeat.get("timeOfDay") or not (every >= 1 and every.is_integer()):
        return None
    number = int(min(every, _LONGEST))
    weekdays = tuple(sorted({WEEKDAYS.index(each) for each in repeat.get("dayOfWeek", ())}))
    # "Daily on Mondays" is said of weeks, too.
    if weekdays and (unit == "wk" or (unit == "d" and number == 1)):
        weeks = number if unit == "wk" else 1
        return Cycle(begins - timedelta(days=begins.weekday()), 7 * weeks, weekdays)
    return Cycle(begins, number, (0,)) if unit == "d" and not weekdays else None


def session_minutes(timing: JsonObject) -> Fraction:
    """Give the minutes that one session takes; 0 where it is not said."""
    repeat = timing.get("repeat", {})
    return minutes_of(repeat.get("duration"), repeat.get("durationUnit"))


def weekly_minutes(timing: JsonObject) -> Fraction:
    """Give the mean minutes a week of a regular activity."""
    return _times_a_week(timing.get("repeat", {})) * session_minutes(timing)


def bounds_of(timing: JsonObject, period: JsonObject, zone: tzinfo) -> JsonObject:
    """Give the period of an activity: its own, or for so long since its plan began.

    A mean of so many times ends when they are over; sessions are counted one by one.
    """
    repeat = timing.get("repeat", {})
    bounds = dict(repeat.get("boundsPeriod", {}))
    length = repeat.get("boundsDuration") or repeat.get("boundsRange", {}).get("high", {})
    minutes = minutes_of(length.get("value"), length.get("code"))
    begins = bounds.get("start", period.get("start"))
    if begins is None:
        return bounds
    if "boundsPeriod" not in repeat and minutes:
        bounds = _lasting(minutes, begins, zone)
    if "count" in repeat and told_by(timing) == "mean":
        times = ceil(Fraction(repeat["count"], repeat.get("frequency", 1)))
        counted = times * minutes_of(repeat.get("period", 1), repeat.get("periodUnit"))
        bounds = _narrowed(bounds, _lasting(counted, begins, zone), zone) if counted else bounds
    return bounds


def first_day(text: str, zone: tzinfo) -> date:
    """Give the local day on which a date begins."""
    return moment(date_range(text, zone)[0]).astimezone(zone).date()


def last_day(text: str, zone: tzinfo) -> date:
    """Give the last local day that a date includes."""
    return moment(date_range(text, zone)[1] - 1).astimezone(zone).date()


def minutes_of(number: object, unit: str | None) -> Fraction:
    """Give the minutes of a number of some unit of time; 0 where either is not said."""
    if number is None or unit not in _UNIT_MINUTES:
        return Fraction()
    # A decimal may have any exponent, of which an exact fraction would be as long.
    bounded = Fraction(min(float(str(number)), _LONGEST)).limit_denominator(_FINEST)
    return bounded * _UNIT_MINUTES[unit]


def _times_a_week(repeat: JsonObject) -> Fraction:
    days = cycle(repeat, LAST_DAY)
    if days is not None:
        return Fraction(7 * len(days.days) * len(set(repeat["timeOfDay"])), days.length)
    times, unit = Fraction(repeat.get("frequency", 1)), repeat.get("periodUnit")
    if unit == "d" and repeat.get("dayOfWeek"):
        # "Daily on Mondays and Thursdays" is said of two days, not of seven.
        return times * len(repeat["dayOfWeek"])
    period = minutes_of(repeat.get("period", 1), unit)
    return times * _WEEK_MINUTES / period if period else Fraction()


def _lasting(minutes: Fraction, begins: str, zone: tzinfo) -> JsonObject:
    first = min(LAST_DAY, first_day(begins, zone))
    days = min(max(ceil(minutes / DAY_MINUTES), 1), (LAST_DAY - first).days + 1)
    last = first + timedelta(days=days - 1)
    return {"start": first.isoformat(), "end": last.isoformat()}


def _narrowed(bounds: JsonObject, other: JsonObject, zone: tzinfo) -> JsonObject:
    ends = [each["end"] for each in (bounds, other) if "end" in each]
    return {**other, **bounds, "end": min(ends, key=lambda each: last_day(each, zone))}
