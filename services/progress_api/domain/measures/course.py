"""How a programme's episode went, as the record learnt of it: its statuses and their moments.

The record's own versions tell it, not what a client writes into statusHistory, so that an episode
that is loaded from elsewhere asks for nothing of the past.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from services.progress_api.domain.measures.policy import Phase


@dataclass(frozen=True, slots=True)
class State:
    """A status, since when, and the number of the version that told it."""

    since: datetime
    status: str
    number: int


@dataclass(frozen=True, slots=True)
class Course:
    """The states of one episode in their order, each another one than the one before."""

    states: tuple[State, ...]

    @classmethod
    def of(cls, versions: Sequence[State]) -> Course:
        """Make a course of what the versions told, leaving out repetitions."""
        changes: list[State] = []
        for each in versions:
            if not changes or changes[-1].status != each.status:
                changes.append(each)
        return cls(tuple(changes))

    @property
    def status(self) -> str:
        """The status now."""
        return self.states[-1].status

    @property
    def began(self) -> State | None:
        """The state in which the person was first in the programme."""
        return next((each for each in self.states if each.status == "active"), None)

    @property
    def finished(self) -> State | None:
        """The state in which a person who was in the programme has finished it."""
        is_finished = self.began is not None and self.status == "finished"
        return self.states[-1] if is_finished else None

    @property
    def phase(self) -> Phase | None:
        """The phase in which measures are due now; a pause is part of the programme."""
        if self.began is None:
            return None
        if self.status in {"active", "onhold"}:
            return "programme"
        return "aftercare" if self.finished else None

    def active_from(self, low: datetime, high: datetime) -> datetime | None:
        """Give the first moment of a half-open span at which the person was in the programme."""
        for since, until in self._active():
            first = max(low, since)
            if first < high and (until is None or first < until):
                return first
        return None

    def _active(self) -> Iterator[tuple[datetime, datetime | None]]:
        ends = [each.since for each in self.states[1:]]
        for state, until in zip(self.states, [*ends, None], strict=True):
            if state.status == "active":
                yield state.since, until
