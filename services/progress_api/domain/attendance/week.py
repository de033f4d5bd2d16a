"""A week of local days, Monday to Sunday: 167 or 169 hours long where the clocks are changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from services.progress_api.domain.attendance.policy import CLOSES_AFTER
from shared.fhir.dates import date_range, instant, moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime, tzinfo

    from shared.fhir.dates import Range

_DAYS = timedelta(days=6)
_WEEK = timedelta(days=7)
_MEANT = date_range("0002")[0], date_range("9998")[1]


@dataclass(frozen=True, slots=True, order=True)
class Week:
    """A week, by its Monday."""

    first: date

    @classmethod
    def at(cls, microseconds: int, zone: tzinfo) -> Week:
        """Give the week in which a moment lies."""
        day = moment(microseconds).astimezone(zone).date()
        return cls(day - timedelta(days=day.weekday()))

    @property
    def last(self) -> date:
        """Its Sunday."""
        return self.first + _DAYS

    def span(self, zone: tzinfo) -> Range:
        """Give the time from Monday's first moment to the end of Sunday."""
        low, _ = date_range(self.first.isoformat(), zone)
        _, high = date_range(self.last.isoformat(), zone)
        return low, high

    def closes(self, zone: tzinfo) -> datetime:
        """Give the moment by which the visits of the week are written down."""
        return moment(self.span(zone)[1]) + CLOSES_AFTER

    @classmethod
    def closing(cls, at: datetime, zone: tzinfo) -> Week:
        """Give the week that closes at a moment."""
        return cls.at(instant(at - CLOSES_AFTER) - 1, zone)


def weeks_of(spans: Iterable[Range], zone: tzinfo) -> set[Week]:
    """Name the weeks that spans of time touch, but those of the calendar's first and last year.

    Nobody means these, and what is around them has no dates.
    """
    first, last = _MEANT
    meant = ((low, high) for low, high in spans if first <= low and high <= last)
    return {week for low, high in meant for week in _weeks(low, high, zone)}


def _weeks(low: int, high: int, zone: tzinfo) -> Iterator[Week]:
    week, last = Week.at(low, zone), Week.at(max(low, high - 1), zone)
    while week <= last:
        yield week
        week = Week(week.first + _WEEK)
