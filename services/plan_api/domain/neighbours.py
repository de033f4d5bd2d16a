"""Appointments and Slots by the days on which they take place, so that few are compared with each.

A cohort's whole programme holds thousands; only those of the same days can be in each other's way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.care.appointment import span_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.fhir.reader import JsonObject

_DAY: Final = 86_400_000_000
# What lasts longer is rare, and is compared with everything.
_LONG: Final = 7


class Neighbours:
    """A collection that finds what may overlap an Appointment or Slot, and never misses any."""

    def __init__(self, members: Iterable[JsonObject] = ()) -> None:
        self._all: list[JsonObject] = []
        self._long: list[JsonObject] = []
        self._by_day: dict[int, list[JsonObject]] = {}
        for each in members:
            self.add(each)

    def add(self, member: JsonObject) -> None:
        """Take one more in; what has no time overlaps nothing."""
        days = _days(member)
        if len(days) > _LONG:
            self._long.append(member)
        else:
            for day in days:
                self._by_day.setdefault(day, []).append(member)
        self._all.append(member)

    def of(self, told: JsonObject) -> list[JsonObject]:
        """List what may overlap an Appointment or Slot, some of it twice."""
        days = _days(told)
        if len(days) > _LONG:
            return self._all
        return [*self._long, *(each for day in days for each in self._by_day.get(day, ()))]


def _days(told: JsonObject) -> range:
    """Number the UTC days on which something takes place."""
    span = span_of(told)
    if span is None or span[0] >= span[1]:
        return range(0)
    return range(span[0] // _DAY, (span[1] - 1) // _DAY + 1)
