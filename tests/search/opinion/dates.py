"""Dates: texts as ranges of whole nanoseconds, compared by the prefixes of R4.

https://hl7.org/fhir/R4/search.html#date
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, tzinfo
from fractions import Fraction
from math import inf
from typing import TYPE_CHECKING, Any, Final

from tests.search.opinion.problem import Problem

if TYPE_CHECKING:
    from tests.search.opinion.paths import Node

# Ends are whole numbers, or infinite where a period is open.
Range = tuple[float, float]

SECOND: Final = 10**9
DAY: Final = 86_400 * SECOND
_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)
_TIME = re.compile(r"(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
PREFIXES: Final = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")


def span(text: str, zone: tzinfo) -> Range:
    """Read a date, dateTime or instant as the half-open range that it means."""
    day, mark, clock = text.partition("T")
    found = _DATE.fullmatch(day)
    if not found or (mark and not found[3]):
        raise Problem(text)
    first = _first(int(found[1]), int(found[2] or 1), int(found[3] or 1))
    if mark:
        return _moment(first, clock, zone)
    return _midnight(first, zone), _midnight(_after(found, first), zone)


def _first(year: int, month: int, day: int) -> int:
    try:
        return date(year, month, day).toordinal()
    except ValueError as error:
        raise Problem(error) from None


def _after(found: re.Match[str], first: int) -> int:
    if found[3]:
        return first + 1
    # No month or year is longer than this, and none ends at the last possible day only.
    days = 366 if not found[2] else 31
    same = 1 if not found[2] else 2
    begin = date.fromordinal(first)
    while days > 1:
        last = first + days - 1
        if last <= date.max.toordinal():
            end = date.fromordinal(last)
            if (end.year, end.month)[:same] == (begin.year, begin.month)[:same]:
                break
        days -= 1
    return first + days


def _midnight(ordinal: int, zone: tzinfo) -> int:
    return _nanoseconds(ordinal, 0) - _offset(ordinal, 0, zone)


def _nanoseconds(ordinal: int, seconds: int) -> int:
    return (ordinal - date(1970, 1, 1).toordinal()) * DAY + seconds * SECOND


def _offset(ordinal: int, seconds: int, zone: tzinfo) -> int:
    day = date.fromordinal(min(ordinal, date.max.toordinal()))
    local = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(seconds=seconds)
    offset = local.utcoffset()
    assert offset is not None
    return int(offset.total_seconds()) * SECOND


def _moment(ordinal: int, clock: str, zone: tzinfo) -> Range:
    found = _TIME.fullmatch(clock)
    if not found:
        raise Problem(clock)
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    if hour > 23 or minute > 59 or second > 60:
        raise Problem(clock)
    seconds = hour * 3600 + minute * 60 + second
    offset = _given(found[5]) if found[5] else _offset(ordinal, seconds, zone)
    low = _nanoseconds(ordinal, seconds) - offset
    if not found[3]:
        return low, low + 60 * SECOND
    fraction = (found[4] or "")[:9]
    width = 10 ** (9 - len(fraction))
    low += int(fraction or 0) * width
    return low, low + width


def _given(text: str) -> int:
    if text == "Z":
        return 0
    minutes = int(text[1:3]) * 60 + int(text[4:])
    return minutes * 60 * SECOND * (-1 if text.startswith("-") else 1)


def instant(moment: datetime) -> int:
    """Give a moment in nanoseconds."""
    since = moment - datetime.fromisoformat("1970-01-01T00:00:00+00:00")
    return (since.days * 86_400 + since.seconds) * SECOND + since.microseconds * 1000


def ranges(node: Node, zone: tzinfo) -> list[Range]:
    """Give the range of a value, if it has one."""
    if node.type in {"date", "dateTime", "instant"}:
        return [span(node.value, zone)]
    if node.type == "Period":
        return _period(node.value, zone)
    if node.type == "Timing":
        return _timing(node.value, zone)
    return []


def _period(value: dict[str, Any], zone: tzinfo) -> list[Range]:
    start, end = value.get("start"), value.get("end")
    if start is None and end is None:
        return []
    ends = [span(each, zone) for each in (start, end) if each is not None]
    if start is None:
        return [(-inf, ends[0][1])]
    if end is None:
        return [(ends[0][0], inf)]
    (first, first_end), (last, last_end) = ends
    # Where the end lies before the start, what is between them is left to search by.
    return [(first, last_end) if first < last_end else (last, first_end)]


def _timing(value: dict[str, Any], zone: tzinfo) -> list[Range]:
    found = [span(each, zone) for each in value.get("event", []) if each is not None]
    found += _period(value.get("repeat", {}).get("boundsPeriod", {}), zone)
    return [(min(low for low, _ in found), max(high for _, high in found))] if found else []


class Sought:
    """A prefix and a date of a query."""

    def __init__(self, text: str, zone: tzinfo, now: datetime) -> None:
        self.prefix = text[:2] if text[:2] in PREFIXES else "eq"
        self.low, self.high = span(text.removeprefix(self.prefix), zone)
        if self.prefix == "ap":
            self._widen(instant(now))

    def _widen(self, now: int) -> None:
        distance = int(max(self.low - now, now - self.high, 0))
        margin = max(Fraction(distance, 10), Fraction(DAY))
        self.low, self.high = self.low - int(margin), self.high + int(margin)

    def matches(self, found: Range) -> bool:
        """Compare the half-open ranges of a value and of what is sought."""
        (t1, t2), s1, s2 = found, self.low, self.high
        equal = s1 <= t1 and t2 <= s2
        return {
            "eq": equal,
            "ne": not equal,
            "gt": t2 > s2,
            "lt": t1 < s1,
            "ge": equal or t2 > s2,
            "le": equal or t1 < s1,
            "sa": t1 >= s2,
            "eb": t2 <= s1,
            "ap": t1 < s2 and s1 < t2,
        }[self.prefix]
