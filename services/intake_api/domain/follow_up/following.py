"""How a clock follows the visits of its person: completed, handed to another visit, or reopened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.intake_api.domain.follow_up import visits

if TYPE_CHECKING:
    from services.intake_api.domain.follow_up.visits import Calendar, Handoff, Visit
    from shared.fhir.reader import JsonObject


@dataclass(frozen=True, slots=True)
class Seen:
    """Where and when a person was seen, and to whom they were handed over."""

    visits: tuple[Visit, ...]
    handoffs: tuple[Handoff, ...]
    calendar: Calendar


def followed(task: JsonObject, written: str | None, seen: Seen) -> JsonObject | None:
    """Give what becomes of a clock; None leaves it. `written` is the visit that was just written.

    What a person has completed otherwise stands: only that visit is looked at again.
    """
    counting = [each for each in seen.visits if _counts(each, task, seen)]
    first = min(counting, key=lambda each: (each.day, each.reference), default=None)
    if task["status"] == "requested" and task["intent"] == "order":
        return visits.completed(task, first) if first else None
    by = visits.satisfied_by(task)
    if by is None or by != written or any(each.reference == by for each in counting):
        return None
    return visits.completed(task, first) if first else visits.reopened(task)


def _counts(visit: Visit, task: JsonObject, seen: Seen) -> bool:
    return visits.satisfies(visit, task, seen.handoffs, seen.calendar)
