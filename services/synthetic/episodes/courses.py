"""How people get on in a programme, as data, and the scores that a course comes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from services.synthetic.chance import Chance

WEEKS: Final = 12
_PHQ_9_BASELINE: Final = (15, 18)
# Up to here no point falls on the ninth item, thoughts of death: it would ask for a screen.
_PHQ_9_MOST: Final = 24


@dataclass(frozen=True, slots=True)
class Course:
    """A course: the PHQ-9 of each week in percent of the baseline, and after the programme.

    A week without a percentage is spent in hospital. Of a hundred sessions `missed` are not
    attended. Who drops out has fewer weeks, is gone in the last of them, and is not handed over.
    """

    name: str
    percent: tuple[int | None, ...]
    aftercare: int | None
    missed: int = 6

    @property
    def is_dropout(self) -> bool:
        """Whether the person stays away before the programme is over."""
        return self.aftercare is None

    @property
    def away(self) -> tuple[int, ...]:
        """The weeks that are spent in hospital, from 0 on."""
        return tuple(week for week, percent in enumerate(self.percent) if percent is None)


COURSES: Final = (
    Course("responder", (100, 96, 90, 82, 74, 66, 58, 52, 46, 40, 36, 32), 28),
    Course("non-responder", (100, 102, 98, 100, 96, 100, 94, 98, 96, 100, 98, 96), 98, missed=12),
    Course(
        "worsening", (100, 102, 106, 110, 116, 120, 126, 130, 134, 138, 142, 145), 140, missed=18
    ),
    Course("dropout", (100, 98, 96, 97, 95), None, missed=30),
    Course("relapse", (100, 90, 80, 70, 60, 50, 44, 40, 55, 70, 85, 95), 100, missed=10),
    Course("readmission", (100, 98, 104, 116, 148, None, None, 110, 92, 78, 64, 50), 46),
)


@dataclass(frozen=True, slots=True)
class Scores:
    """The true totals of one measuring."""

    phq_9: int
    gad_7: int


def scores(course: Course, chance: Chance) -> tuple[list[Scores | None], Scores | None]:
    """Choose the scores of each week, none in hospital, and the one after the programme."""
    baseline, offset = chance.between(*_PHQ_9_BASELINE), chance.between(3, 6)
    weeks = [
        None
        if percent is None
        else _scores(baseline * percent, offset, chance.between(-1, 1) if number else 0)
        for number, percent in enumerate(course.percent)
    ]
    if course.aftercare is None:
        return weeks, None
    return weeks, _scores(baseline * course.aftercare, offset, chance.between(-1, 1))


def _scores(hundredths: int, offset: int, noise: int) -> Scores:
    phq_9 = min((hundredths + 50) // 100 + noise, _PHQ_9_MOST)
    return Scores(phq_9, max(phq_9 - offset, 0))
