"""FHIR date texts as half-open ranges of microseconds since 1970-01-01T00:00:00Z.

`2026-03` is the whole month, `2026-03-01T09:00Z` the whole minute. A range may begin at MIN_TIME
or end at MAX_TIME, where a Period is open. Integers, because year 9999 ends beyond `datetime`.

https://hl7.org/fhir/R4/datatypes.html#dateTime
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

from shared.fhir.errors import Malformed
from shared.fhir.memory import remembering_short_texts

MIN_TIME = -(2**62)
MAX_TIME = 2**62

Range = tuple[int, int]

_SECOND = 1_000_000
_MINUTE = 60 * _SECOND
_DAY = 24 * 60 * _MINUTE
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = -62_135_596_800 * _SECOND
_LAST = 253_402_300_800 * _SECOND - 1

_TEXT = re.compile(
    r"(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2})"
    r"(?:T(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})"
    r"(?::(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]+))?)?"
    r"(?P<offset>Z|[+-][0-9]{2}:[0-9]{2})?)?)?)?"
)


@remembering_short_texts
def date_range(text: str, zone: tzinfo = UTC) -> Range:
    """Read a date, dateTime, instant or a part of one; `zone` is that of a text without any.

    :raises Malformed: the text is no such date, or the day does not exist.
    """
    found = _TEXT.fullmatch(text)
    if not found:
        raise Malformed("A date looks like 2026, 2026-03, 2026-03-01 or 2026-03-01T09:00:00Z.")
    year, month, day = (int(found[part] or 1) for part in ("year", "month", "day"))
    if not (year >= 1 and 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]):
        raise Malformed("There is no such day in the calendar.")
    if found["hour"]:
        return _time_range(found, date(year, month, day), zone)
    first = date(year, month, day).toordinal()
    return _midnight(first, zone), _midnight(first + _days(found, year, month), zone)


@remembering_short_texts
def local_day(text: str, zone: tzinfo, *, last: bool = False) -> date:
    """Give the local day on which a date or dateTime begins, or the last one that it includes.

    It is a day in `zone`; where that is `UTC` itself, no calendar was chosen, and a time that says
    its offset is taken on the day that its writer meant: `2026-03-01T23:59:00-05:00` is 1 March.

    :raises Malformed: the text is no such date.
    """
    begins, over = date_range(text, zone)
    there = _offset_of(text) if zone is UTC else zone
    known = moment(over - 1 if last else begins)
    try:
        return known.astimezone(there).date()
    except OverflowError:  # it is beyond the calendar there: the first or last day there is
        return known.date()


def names_a_day(text: str) -> bool:
    """Tell whether a date names a day, and not a month or a year alone."""
    return len(text) >= len("2026-03-01")


def told_day(text: str, zone: tzinfo) -> str:
    """Write a date for people: a moment as its local day, a month or a year as it is.

    :raises Malformed: the text is no such date.
    """
    return local_day(text, zone).isoformat() if "T" in text else text


def not_before(text: str, earliest: str) -> str:
    """Give a dateTime, or the earliest that it may be where it would lie before that.

    Of two parties one's clock may run ahead: what the other does next is not earlier.
    """
    return earliest if date_range(text)[0] < date_range(earliest)[0] else text


def instant(moment: datetime) -> int:
    """Give a moment as microseconds."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def moment(microseconds: int) -> datetime:
    """Give microseconds as a moment, the first or last there is where they lie beyond."""
    return _EPOCH + timedelta(microseconds=min(max(microseconds, _FIRST), _LAST))


def _days(found: re.Match[str], year: int, month: int) -> int:
    if found["day"]:
        return 1
    if found["month"]:
        return monthrange(year, month)[1]
    return date(year, 12, 31).timetuple().tm_yday


def _midnight(ordinal: int, zone: tzinfo) -> int:
    return (ordinal - _EPOCH_DAY) * _DAY - _local_offset(ordinal, 0, zone)


def _time_range(found: re.Match[str], day: date, zone: tzinfo) -> Range:
    hour, minute, second = (int(found[part] or 0) for part in ("hour", "minute", "second"))
    # A leap second is legal; it is the second after :59, as every clock of ours has it.
    if hour > 23 or minute > 59 or second > 60:
        raise Malformed("There is no such time of day.")
    local = ((hour * 60 + minute) * 60 + second) * _SECOND
    if found["offset"]:
        offset = _offset(found["offset"])
    else:
        offset = _local_offset(day.toordinal(), min(local, _DAY - 1), zone)
    low = (day.toordinal() - _EPOCH_DAY) * _DAY + local - offset
    if not found["second"]:
        return low, low + _MINUTE
    digits = (found["fraction"] or "")[:6]
    width: int = 10 ** (6 - len(digits))
    low += int(digits or 0) * width
    return low, low + width


def _offset_of(text: str) -> tzinfo:
    found = _TEXT.fullmatch(text)
    offset = found["offset"] if found else None
    return timezone(timedelta(microseconds=_offset(offset))) if offset else UTC


def _offset(text: str) -> int:
    if text == "Z":
        return 0
    hours, minutes = int(text[1:3]), int(text[4:6])
    if hours * 60 + minutes > 14 * 60 or minutes > 59:
        raise Malformed("A zone is at most 14 hours from UTC.")
    return (hours * 60 + minutes) * _MINUTE * (-1 if text[0] == "-" else 1)


def _local_offset(ordinal: int, local: int, zone: tzinfo) -> int:
    if zone is UTC:
        return 0
    # The day after 9999-12-31 is beyond `date`; its offset is taken from the day before.
    day = date.fromordinal(min(ordinal, date.max.toordinal()))
    wall = datetime(day.year, day.month, day.day) + timedelta(microseconds=local)  # noqa: DTZ001
    offset = wall.replace(tzinfo=zone).utcoffset() or timedelta()
    return offset // timedelta(microseconds=1)
