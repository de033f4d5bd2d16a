"""A week of seven local days: 167 or 169 hours long where the clock is changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from shared.fhir.dates import date_range

if TYPE_CHECKING:
    from datetime import tzinfo

    from shared.fhir.dates import Range

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class LocalWeek:
    """A week, by its first day."""

    first: date

    @classmethod
    def around(cls, day: date, begins: int) -> LocalWeek:
        """Give the week of a day, where weeks begin on that weekday (Monday is 0)."""
        return cls(day - _DAY * ((day.weekday() - begins) % 7))

    @property
    def days(self) -> list[date]:
        """Its seven days."""
        return [self.first + _DAY * n for n in range(7)]

    @property
    def last(self) -> date:
        """Its last day."""
        return self.first + _DAY * 6

    def span(self, zone: tzinfo) -> Range:
        """Give the time from the first day's first moment to the end of the last."""
        low, _ = date_range(self.first.isoformat(), zone)
        _, high = date_range(self.last.isoformat(), zone)
        return low, high


def weeks_between(first: date, last: date, begins: int) -> list[LocalWeek]:
    """List the weeks that days from the first to the last lie in."""
    start, end = LocalWeek.around(first, begins), LocalWeek.around(last, begins)
    number = (end.first - start.first).days // 7 + 1
    return [LocalWeek(start.first + _DAY * 7 * n) for n in range(number)]
