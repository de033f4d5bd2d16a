"""What one person's programme was: its course, its days, and what changed on the way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from services.synthetic.episodes.sessions import ACTIVITIES, Activity
from services.synthetic.places import PROGRAMME, counsellors_at

if TYPE_CHECKING:
    from services.synthetic.episodes.courses import Course
    from services.synthetic.episodes.review import Review
    from shared.fhir.reader import JsonObject

_A_DAY = timedelta(days=1)
_FROM_THURSDAY = timedelta(days=4)


@dataclass(frozen=True, slots=True)
class Readmission:
    """A stay in hospital within the programme, and the day of the return to it."""

    admitted: date
    discharged: date
    returned: date


@dataclass(frozen=True, slots=True)
class Programme:
    """One person's programme: how it went, from when to when, and who led it."""

    course: Course
    referred: date
    admitted: date
    ended: date
    review: Review | None

    @property
    def clinician(self) -> JsonObject:
        """Who led it."""
        return counsellors_at(PROGRAMME)[0].reference()

    @property
    def period(self) -> JsonObject:
        """The days from the first to the last."""
        return {"start": self.admitted.isoformat(), "end": self.ended.isoformat()}

    @property
    def outcome(self) -> str:
        """What became of plan, goals and orders, in the codes of CarePlan."""
        return "revoked" if self.course.is_dropout else "completed"

    @property
    def activities(self) -> tuple[Activity, ...]:
        """What was ordered, with what an accepted revision added."""
        review = self.review
        return (*ACTIVITIES, *((review.addition,) if review and review.is_accepted else ()))

    @property
    def readmission(self) -> Readmission | None:
        """The stay within it, from the eve of its first week away to a Thursday."""
        away = self.course.away
        if not away:
            return None
        gone, returned = self.monday(away[0]), self.monday(away[-1] + 1)
        return Readmission(gone - _A_DAY, returned - _FROM_THURSDAY, returned)

    def monday(self, week: int) -> date:
        """Give the first day of a week, from 0 on."""
        return self.admitted + timedelta(weeks=week)
