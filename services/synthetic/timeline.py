"""The days of a history: earlier visits, then one stay in hospital that has ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.synthetic.chance import Chance


@dataclass(frozen=True, slots=True)
class Timeline:
    """When a person was ill, seen, admitted and discharged."""

    onset: date
    visits: tuple[date, ...]
    admitted: date
    discharged: date


def draw(chance: Chance, last_day: date) -> Timeline:
    """Choose the days; all of them lie before the last day."""
    discharged = last_day - timedelta(days=chance.between(2, 75))
    admitted = discharged - timedelta(days=chance.between(5, 16))
    visits: list[date] = []
    day = admitted
    for _ in range(chance.between(2, 4)):
        day -= timedelta(days=chance.between(20, 60))
        visits.insert(0, day)
    onset = visits[0] - timedelta(days=chance.between(30, 3000))
    return Timeline(onset, tuple(visits), admitted, discharged)


def instant(day: date, hour: int, minute: int = 0) -> str:
    """Write a time of day in Eastern Standard Time, all year round."""
    # A fixed offset needs no time zone database, which may differ between machines.
    return f"{day.isoformat()}T{hour:02}:{minute:02}:00-05:00"
