"""What missed sessions say together: two in a week, several in a row, too few attended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from services.progress_api.domain.no_show.policy import MISSED, QUESTION, WITHIN_DAYS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime, tzinfo

    from services.progress_api.domain.no_show.history import History, Session

Kind = Literal["missed-in-a-row", "attended-too-few"]


@dataclass(frozen=True, slots=True)
class Signal:
    """Why a plan is questioned: of which kind, and the missed sessions that say so."""

    kind: Kind
    missed: tuple[Session, ...]

    @property
    def at(self) -> datetime:
        """The start of the session that made it so."""
        return self.missed[-1].start


def repeated(history: History) -> list[tuple[Session, ...]]:
    """Find the sessions missed within so many local days of each other; none counts twice."""
    found: list[tuple[Session, ...]] = []
    unused: list[Session] = []
    for each in history.missed:
        unused = [one for one in unused if _days(one, each, history.zone) < WITHIN_DAYS]
        unused.append(each)
        if len(unused) == MISSED:
            found.append(tuple(unused))
            unused = []
    return found


def questions(history: History) -> list[Signal]:
    """Find what asks whether the plan is still right; one asks, the next only after a while."""
    kept: list[Signal] = []
    quiet = timedelta(days=QUESTION.quiet_days)
    for each in _signals(history.sessions):
        if not kept or each.at >= kept[-1].at + quiet:
            kept.append(each)
    return kept


def standing(sessions: Sequence[Session]) -> Signal | None:
    """Give what the latest session says; None where nothing is wrong by then."""
    return _row(sessions) or _rate(sessions)


def _signals(sessions: Sequence[Session]) -> Iterator[Signal]:
    for n, each in enumerate(sessions, 1):
        signal = standing(sessions[:n]) if each.is_missed else None
        if signal is not None:
            yield signal


def _row(sessions: Sequence[Session]) -> Signal | None:
    last = tuple(sessions[-QUESTION.consecutive :])
    in_a_row = len(last) == QUESTION.consecutive and all(each.is_missed for each in last)
    return Signal("missed-in-a-row", last) if in_a_row else None


def _rate(sessions: Sequence[Session]) -> Signal | None:
    if not sessions:
        return None
    since = sessions[-1].start - timedelta(days=QUESTION.within_days)
    recent = [each for each in sessions if each.start > since]
    missed = tuple(each for each in recent if each.is_missed)
    attended = len(recent) - len(missed)
    if len(recent) < QUESTION.of_sessions or 100 * attended >= QUESTION.percent * len(recent):
        return None
    return Signal("attended-too-few", missed)


def _days(one: Session, other: Session, zone: tzinfo) -> int:
    first, last = (each.start.astimezone(zone).date() for each in (one, other))
    return (last - first).days
