"""Which sessions of a plan can be booked, and what is in the way of the others.

What cannot be is not dropped: somebody who is taken leaves a proposal to find another time for, a
full session a place on its waiting list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.domain.neighbours import Neighbours
from shared.care.booking import exclusive, in_the_way
from shared.care.capacity import fills, is_closed, places_left

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shared.fhir.reader import JsonObject

FULL: Final = "The session is full."


def settled(
    wanted: Sequence[JsonObject],
    present: Iterable[JsonObject],
    slots: Iterable[JsonObject],
    bases: tuple[str, ...],
) -> list[JsonObject]:
    """Book what can be, one after the other, beside what is present; say why of the others."""
    taken, open_slots = Neighbours(present), Neighbours(slots)
    found: list[JsonObject] = []
    for each in wanted:
        settled_one = _settled(each, taken.of(each), open_slots.of(each), bases)
        found.append(settled_one)
        taken.add(settled_one)
    return found


def _settled(
    wanted: JsonObject,
    taken: Sequence[JsonObject],
    slots: Sequence[JsonObject],
    bases: tuple[str, ...],
) -> JsonObject:
    busy = [
        actor
        for actor in sorted(exclusive(wanted, bases))
        if any(in_the_way(wanted, other, actor, bases) for other in taken)
    ]
    if busy:
        told = f"Another time is to be found: {', '.join(busy)} has another appointment."
        return wanted | {"status": "proposed", "comment": told}
    if any(is_closed(slot) and fills(wanted, slot, bases) for slot in slots):
        told = "Another time is to be found: the session takes nobody now."
        return wanted | {"status": "proposed", "comment": told}
    for slot in slots:
        if fills(wanted, slot, bases) and places_left(slot, taken, bases) <= 0:
            return wanted | {"status": "waitlist", "comment": FULL}
    return wanted
