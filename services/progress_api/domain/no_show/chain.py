"""The chain of attempts to reach a person who did not come: which are asked for, made or needless.

One chain runs at a time: what is missed before it has ended belongs to it. It ends when the person
comes or is reached, when the care is put on hold or ends, and after its last attempt.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from services.progress_api.domain.no_show.policy import ENDED_BY, STEPS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from services.progress_api.domain.no_show.history import Attempt, History, Session
    from services.progress_api.domain.no_show.policy import Step


@dataclass(frozen=True, slots=True)
class Asked:
    """What becomes of a step: it is to be done, was done by an attempt, or became needless.

    `day` is the local day from which it is to be done.
    """

    step: Step
    day: date
    status: Literal["requested", "completed", "cancelled"]
    attempt: Attempt | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Chain:
    """The session that began a chain, its steps as far as they go, and when it ended."""

    began: Session
    asked: tuple[Asked, ...]
    ended: datetime | None


def chains(history: History) -> list[Chain]:
    """Follow every chain, in order."""
    found: list[Chain] = []
    for each in history.missed:
        last = found[-1].ended if found else each.start
        if last is not None and last <= each.start:
            found.append(_chain(each, history))
    return found


def _chain(began: Session, history: History) -> Chain:
    asked = tuple(_asked(began, history))
    last = asked[-1]
    if last.status == "requested":
        return Chain(began, asked, None)
    end = history.came_back(began.start)
    if last.attempt is not None:
        return Chain(began, asked, last.attempt.at)
    return Chain(began, asked, end.at if end else None)


def _asked(began: Session, history: History) -> Iterator[Asked]:
    end, since = history.came_back(began.start), began.start
    attempts = iter([each for each in history.attempts if each.at >= began.start])
    for step in STEPS:
        day = since.astimezone(history.zone).date() + timedelta(days=step.after_days)
        made = next(attempts, None)
        if made is not None and (end is None or made.at <= end.at):
            reason = made.outcome if made.outcome in ENDED_BY else None
            yield Asked(step, day, "completed", made, reason)
            if reason is not None:
                return
            since = made.at
        else:
            if end is None:
                yield Asked(step, day, "requested")
            else:
                yield Asked(step, day, "cancelled", reason=end.reason)
            return
