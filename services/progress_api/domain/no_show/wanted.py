"""What the team is to be asked for, or was, because a person did not come: a Task each.

A Task is named by the missed session that calls for it, so that it is asked for once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from services.progress_api.domain.no_show.chain import chains
from services.progress_api.domain.no_show.policy import TOO_LATE_AFTER
from services.progress_api.domain.no_show.signals import questions, repeated

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime

    from services.progress_api.domain.no_show.chain import Asked, Chain
    from services.progress_api.domain.no_show.history import Attempt, History, Session

Status = Literal["requested", "completed", "cancelled"]
_QUESTIONS: Final = {
    "missed-in-a-row": "Several sessions in a row were missed.",
    "attended-too-few": "Too few of the sessions were attended.",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A Task as it should be now; `done_by` refers to what completed it."""

    code: str
    text: str
    why: str
    day: date
    priority: str
    missed: tuple[Session, ...]
    step: str | None = None
    status: Status = "requested"
    done_by: str | None = None
    reason: str | None = None
    due_in_days: int = 0

    @property
    def cause(self) -> str:
        """Name the Task, the same at every repetition."""
        sessions = "+".join(each.id for each in self.missed)
        return f"no-show/{sessions}/{self.step or self.code}"


def wanted(history: History) -> list[Wanted]:
    """Decide all that is to be asked for, of everything that is known."""
    return [
        *(each for chain in chains(history) for each in _attempts(chain)),
        *_risk_reviews(history),
        *_make_ups(history),
        *_questions(history),
    ]


def is_too_late(asked: Wanted, now: datetime) -> bool:
    """Tell whether what would be asked for lies too far back to begin with it now."""
    return asked.missed[-1].start < now - TOO_LATE_AFTER


def _attempts(chain: Chain) -> Iterator[Wanted]:
    for each in chain.asked:
        yield Wanted(
            code="outreach",
            text=each.step.title,
            why="A session was missed. Offer one in its place, and tell what came of it.",
            day=each.day,
            priority=each.step.priority,
            missed=(chain.began,),
            step=each.step.code,
            status=each.status,
            done_by=_reference(each.attempt),
            reason=_reason(each),
            due_in_days=each.step.due_in_days,
        )


def _reference(attempt: Attempt | None) -> str | None:
    return attempt.reference if attempt else None


def _reason(asked: Asked) -> str | None:
    return asked.reason if asked.attempt is None else asked.attempt.outcome


def _risk_reviews(history: History) -> Iterator[Wanted]:
    for missed in repeated(history):
        why = f"{len(missed)} sessions were missed within a few days. Look at the person's risk."
        yield _unless_broken(
            Wanted("risk-review", "Risk review", why, _day(missed, history), "urgent", missed),
            history,
        )


def _make_ups(history: History) -> Iterator[Wanted]:
    for each in history.missed:
        made_up = [s for s in (*history.sessions, *history.booked) if each.id in s.makes_up]
        asked = Wanted(
            code="make-up",
            text="Offer a session in place of the one missed",
            why="A session was missed. Book one that makes up for it, if the person wants it.",
            day=_day((each,), history),
            priority="routine",
            missed=(each,),
        )
        if made_up:
            first = f"Appointment/{min(made_up).id}"
            asked = replace(asked, status="completed", done_by=first)
        yield _unless_broken(asked, history)


def _questions(history: History) -> Iterator[Wanted]:
    for each in questions(history):
        asked = Wanted(
            code="level-of-care-question",
            text="Is the plan still right?",
            why=f"{_QUESTIONS[each.kind]} Review the plan, and ask whether more care is needed.",
            day=_day(each.missed, history),
            priority="urgent",
            missed=each.missed,
        )
        yield _unless_broken(asked, history)


def _unless_broken(asked: Wanted, history: History) -> Wanted:
    """Ask for nothing more when the care was put on hold or has ended since."""
    end = history.ended(asked.missed[-1].start)
    if end is None or asked.status == "completed":
        return asked
    return replace(asked, status="cancelled", reason=end.reason)


def _day(missed: Sequence[Session], history: History) -> date:
    return missed[-1].start.astimezone(history.zone).date()
