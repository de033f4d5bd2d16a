"""The local days over which figures are told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from services.progress_api.domain.figures.policy import DAILY_UP_TO, MOST_DAYS
from shared.fhir.dates import date_range, local_day
from shared.fhir.errors import Malformed

if TYPE_CHECKING:
    from datetime import tzinfo

    from shared.fhir.dates import Range

_DAY = timedelta(days=1)
# A year on, or back, a day is in the calendar still.
_YEARS = range(3, 9999)


@dataclass(frozen=True, slots=True)
class Days:
    """The days from the first to the last, both counted, in the programme's zone."""

    first: date
    last: date
    zone: tzinfo

    @property
    def span(self) -> Range:
        """Give the time from the first day's first moment to the end of the last."""
        return self.of(self.first)[0], self.of(self.last)[1]

    @property
    def steps(self) -> list[date]:
        """List the days of which a census is told: all of a short period, else each week's."""
        number = (self.last - self.first).days + 1
        step = 1 if number <= DAILY_UP_TO else 7
        return [self.first + _DAY * n for n in range(0, number, step)]

    def of(self, day: date) -> Range:
        """Give the time of one day."""
        return date_range(day.isoformat(), self.zone)

    def holds(self, text: str | None) -> bool:
        """Tell whether a date or time begins in the period."""
        return text is not None and self.first <= local_day(text, self.zone) <= self.last


def days_asked(first: str | None, last: str | None, today: date, zone: tzinfo) -> Days:
    """Understand a period; of which no end is given, it reaches to today, else back for 30 days.

    :raises Malformed: when an end is no whole day, or it ends before it begins, or is too long.
    """
    end = _day("end", last) if last else today
    start = _day("start", first) if first else end - _DAY * 29
    if end < start:
        raise Malformed("The period must not end before it begins.")
    if (end - start).days >= MOST_DAYS:
        raise Malformed(f"$figures answers {MOST_DAYS} days at once.")
    return Days(start, end, zone)


def _day(name: str, text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Malformed(f"The {name} of the period must be a day, such as 2026-03-02.") from None
    if day.year not in _YEARS:
        raise Malformed(f"The {name} of the period must be a day of the years 3 to 9998.")
    return day
