"""One version of a resource that progress is told from, and the days that are asked about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from services.progress_api.domain.progress.policy import LOOK_BACK_WEEKS, MOST_WEEKS
from shared.fhir.dates import date_range
from shared.fhir.errors import Malformed

if TYPE_CHECKING:
    from datetime import tzinfo

    from shared.fhir.dates import Range
    from shared.fhir.reader import JsonObject

_WEEK = timedelta(days=7)
_DAY = len("2026-03-01")


@dataclass(frozen=True, slots=True)
class Told:
    """A version of a resource: its versioned reference, and its content."""

    versioned: str
    content: JsonObject


@dataclass(frozen=True, slots=True)
class Days:
    """The local days asked about, both ends included."""

    first: date
    last: date

    def span(self, zone: tzinfo) -> Range:
        """Give the time from the first day's first moment to the end of the last."""
        low, _ = date_range(self.first.isoformat(), zone)
        _, high = date_range(self.last.isoformat(), zone)
        return low, high


def days(given: tuple[str | None, str | None], began: date | None, today: date) -> Days:
    """Understand a period; without a start from when the programme began, without an end to today.

    :raises Malformed: when it ends before it begins, or is too long.
    """
    start, end = given
    last = _whole_day("end", end) if end else today
    if start:
        first = _whole_day("start", start)
    else:
        usual = began or last - LOOK_BACK_WEEKS * _WEEK
        first = min(max(usual, _least(last)), last)
    if last < first:
        raise Malformed("end must not be before start.")
    if first < _least(last):
        raise Malformed(f"$progress answers {MOST_WEEKS} weeks at once.")
    return Days(first, last)


def _least(last: date) -> date:
    return date.fromordinal(max(last.toordinal() - MOST_WEEKS * 7, 8))


def _whole_day(name: str, text: str) -> date:
    if len(text) != _DAY:
        raise Malformed(f"{name} must be a day, such as 2026-03-02.")
    # Weeks reach beyond a day, and the calendar ends.
    return min(max(date.fromisoformat(text), date(2, 1, 1)), date(9998, 1, 1))
