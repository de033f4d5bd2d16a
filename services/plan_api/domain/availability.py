"""Whether a weekly session meets a time at which a person cannot come, by the minutes of a week.

https://hl7.org/fhir/R4/datatypes.html#Timing
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Final

from shared.care.timing import session_minutes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.fhir.reader import JsonObject

Busy = Mapping[str, frozenset[int]]

_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY: Final = 24 * 60
_WEEK: Final = 7 * _DAY


@dataclass(frozen=True, slots=True)
class Fitted:
    """A timing without the days on which the person cannot come; those, and what is in the way."""

    timing: JsonObject | None
    lost: tuple[str, ...] = ()
    because: tuple[str, ...] = ()


def busy_minutes(busy: Iterable[tuple[str, JsonObject]]) -> Busy:
    """List the minutes of a week at which a person cannot come, by what keeps them."""
    taken: dict[str, frozenset[int]] = {}
    for name, timing in busy:
        taken[name] = taken.get(name, frozenset()) | _minutes(timing)
    return taken


def fitted(timing: JsonObject, busy: Busy) -> Fitted:
    """Leave out of a weekly activity the days on which the person cannot come.

    One whose days or times of day are not said is left as it is: people agree on them.
    """
    repeat = timing.get("repeat", {})
    days = repeat.get("dayOfWeek", ())
    if not days or not repeat.get("timeOfDay"):
        return Fitted(timing)
    met = {day: _meeting(day, timing, busy) for day in days}
    lost = tuple(day for day in days if met[day])
    because = tuple(name for name in busy if any(name in met[day] for day in lost))
    kept = [day for day in days if not met[day]]
    if not lost:
        return Fitted(timing)
    if not kept:
        return Fitted(None, lost, because)
    fewer = max(1, repeat.get("frequency", 1) * len(kept) // len(days))
    shorter = repeat | {"frequency": fewer, "dayOfWeek": kept}
    return Fitted(timing | {"repeat": shorter}, lost, because)


def _meeting(day: str, timing: JsonObject, busy: Busy) -> set[str]:
    session = _minutes(timing | {"repeat": timing["repeat"] | {"dayOfWeek": [day]}})
    return {name for name, taken in busy.items() if not session.isdisjoint(taken)}


def _minutes(timing: JsonObject) -> frozenset[int]:
    """List the minutes of a week that a timing fills."""
    repeat = timing.get("repeat", {})
    length = min(_DAY, ceil(session_minutes(timing)))
    starts = {int(each[:2]) * 60 + int(each[3:5]) for each in repeat.get("timeOfDay", ())}
    # A day without times is taken as a whole, and a time without a length until midnight.
    spans = [(start, start + (length or _DAY - start)) for start in starts] or [(0, _DAY)]
    first = [_WEEKDAYS.index(day) * _DAY for day in repeat.get("dayOfWeek", _WEEKDAYS)]
    return frozenset(
        (day + minute) % _WEEK for day in first for span in spans for minute in range(*span)
    )
