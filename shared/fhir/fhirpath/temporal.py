"""Dates, dateTimes and times of the precision they are written in.

https://hl7.org/fhirpath/N1/index.html#date
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, Literal

from shared.fhir.fhirpath.errors import InvalidExpression

_TEXT: Final = re.compile(
    r"(?:(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2}))?)?)?"
    r"(?P<clock>T?(?:(?P<hour>[0-9]{2})(?::(?P<minute>[0-9]{2})"
    r"(?::(?P<second>[0-9]{2}(?:\.[0-9]+)?))?)?)?(?P<zone>Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
_ZERO: Final = Decimal(0)
_DATE_PARTS: Final = ("year", "month", "day")
_TIME_PARTS: Final = ("hour", "minute", "second")
_SYSTEM_TYPES: Final = {
    "date": "System.Date",
    "dateTime": "System.DateTime",
    "time": "System.Time",
}

Kind = Literal["date", "dateTime", "time"]


@dataclass(frozen=True, slots=True)
class Temporal:
    """A point in time: as many parts as are known, largest first; `offset` in minutes."""

    kind: Kind
    parts: tuple[Decimal, ...]
    offset: int | None = None
    text: str = ""

    @classmethod
    def read(cls, text: str) -> Temporal:
        """Read a text of FHIR or a literal without its `@`.

        :raises InvalidExpression: there is no such day or time.
        """
        found = _TEXT.fullmatch(text)
        if not text or found is None:
            raise InvalidExpression("This is no date, dateTime or time.")
        kind: Kind = "time" if not found["year"] else "dateTime" if found["clock"] else "date"
        names = _TIME_PARTS if kind == "time" else (*_DATE_PARTS, *_TIME_PARTS)
        parts = tuple(Decimal(found[name]) for name in names if found[name])
        moment = cls(kind, parts, _offset(found["zone"]), text.removeprefix("T"))
        moment.refuse_impossible()
        return moment

    @property
    def system_type(self) -> str:
        """The System type of FHIRPath that this is of."""
        return _SYSTEM_TYPES[self.kind]

    def refuse_impossible(self) -> None:
        """Refuse a day that no calendar has, and an hour that no clock shows."""
        days = self.parts[:3] if self.kind != "time" else ()
        year, month, day = (*map(int, days), 1, 1, 1)[:3]
        hour, minute, second = (*self._clock, _ZERO, _ZERO, _ZERO)[:3]
        try:
            datetime(year, month, day)  # noqa: DTZ001
        except ValueError:
            raise InvalidExpression("There is no such day in the calendar.") from None
        if hour > 23 or minute > 59 or second >= 61:
            raise InvalidExpression("There is no such time of day.")

    @property
    def _clock(self) -> tuple[Decimal, ...]:
        return self.parts if self.kind == "time" else self.parts[3:]

    def compare(self, other: Temporal) -> int | None:
        """Tell which comes first: below 0, 0 or above; None where precision leaves it open."""
        if (self.kind == "time") != (other.kind == "time"):
            return None
        mine, theirs = self, other
        if self.offset != other.offset and self._clock and other._clock:
            if self.offset is None or other.offset is None:
                return None
            mine, theirs = self.at_utc(), other.at_utc()
        for one, two in zip(mine.parts, theirs.parts, strict=False):
            if one != two:
                return -1 if one < two else 1
        return 0 if len(mine.parts) == len(theirs.parts) else None

    def at_utc(self) -> Temporal:
        """Give the same moment as UTC has it; the seconds are the same in every zone."""
        year, month, day, hour, minute = (int(part) for part in (*self.parts, _ZERO)[:5])
        try:
            local = datetime(year, month, day, hour, minute)  # noqa: DTZ001
            moved = local - timedelta(minutes=self.offset or 0)
        except OverflowError:
            return self
        whole = (moved.year, moved.month, moved.day, moved.hour, moved.minute)
        parts = (*map(Decimal, whole), *self.parts[5:])
        return replace(self, parts=parts[: len(self.parts)], offset=0)

    def written(self) -> str:
        """Write it as FHIRPath does."""
        if self.text:
            return self.text
        clock = ":".join(map(_digits, self._clock))
        if self.kind == "time":
            return clock
        year, *others = self.parts[:3]
        day = "-".join([f"{int(year):04}", *map(_digits, others)])
        return day if self.kind == "date" else f"{day}T{clock}{_zone(self.offset)}"


def _digits(part: Decimal) -> str:
    whole, point, fraction = f"{part:f}".partition(".")
    return whole.zfill(2) + point + fraction


def _offset(text: str | None) -> int | None:
    if text is None:
        return None
    if text == "Z":
        return 0
    minutes = int(text[1:3]) * 60 + int(text[4:6])
    return -minutes if text[0] == "-" else minutes


def _zone(offset: int | None) -> str:
    if offset is None:
        return ""
    if offset == 0:
        return "Z"
    hours, minutes = divmod(abs(offset), 60)
    return f"{'-' if offset < 0 else '+'}{hours:02}:{minutes:02}"
