"""What is known of a person's coming and not coming, as decisions see it: plain and in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

Reason = Literal["reached", "declined", "attended", "on-hold", "care-ended", "died"]


@dataclass(frozen=True, slots=True, order=True)
class Session:
    """A session that was attended or missed, and which earlier one it makes up for, if any."""

    start: datetime
    id: str
    is_missed: bool
    makes_up: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, order=True)
class Attempt:
    """An attempt to reach the person, and what came of it."""

    at: datetime
    reference: str
    outcome: str


@dataclass(frozen=True, slots=True, order=True)
class End:
    """A moment after which earlier sessions need no call any more, and why."""

    at: datetime
    reason: Reason


@dataclass(frozen=True, slots=True)
class History:
    """All that decides, each kind in the order of time.

    `breaks` are the moments at which the care was put on hold or ended.
    """

    sessions: tuple[Session, ...]
    attempts: tuple[Attempt, ...]
    breaks: tuple[End, ...]
    # Sessions that are planned to make up for missed ones.
    booked: tuple[Session, ...]
    zone: tzinfo

    @property
    def missed(self) -> list[Session]:
        """The sessions that were missed."""
        return [each for each in self.sessions if each.is_missed]

    def ended(self, since: datetime) -> End | None:
        """Give the first moment after one at which the care was put on hold or ended."""
        return next((each for each in self.breaks if each.at > since), None)

    def came_back(self, since: datetime) -> End | None:
        """Give what made a call needless: the person came again, or the care was broken off."""
        attended = [each for each in self.sessions if not each.is_missed and each.start > since]
        ends = [End(each.start, "attended") for each in attended[:1]]
        broken = self.ended(since)
        return min([*ends, *([broken] if broken else [])], default=None)
