"""The weekly sessions of a programme, and how each of them was attended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from services.synthetic.chance import Chance
    from services.synthetic.episodes.courses import Course
    from services.synthetic.episodes.programme import Programme

Kind = Literal["attended", "late", "left-early", "telehealth", "noshow", "cancelled"]


@dataclass(frozen=True, slots=True)
class Activity:
    """A service by its ActivityDefinition: on which days, from when, how long, every so many weeks.

    `begins` are minutes after midnight; `since` is the first week, from 0 on.
    """

    service: str
    days: tuple[str, ...]
    begins: int
    minutes: int
    weeks: int = 1
    since: int = 0
    is_group: bool = False

    def meets(self, week: int, day: str) -> bool:
        """Tell whether it meets on a day of a week."""
        after = week - self.since
        return day in self.days and after >= 0 and after % self.weeks == 0


DAYS: Final = ("mon", "tue", "wed", "thu", "fri")
ACTIVITIES: Final = (
    Activity("group-therapy", ("mon", "tue", "thu"), 540, 120, is_group=True),
    Activity("cognitive-behavioural-therapy", ("mon", "thu"), 675, 60, is_group=True),
    Activity("individual-therapy", ("wed",), 540, 60),
    Activity("family-therapy", ("wed",), 615, 60, weeks=2),
)


@dataclass(frozen=True, slots=True)
class Session:
    """One session, in which week, and from when to when the person was there, in minutes."""

    activity: Activity
    week: int
    day: date
    kind: Kind
    arrived: int
    left: int

    @property
    def attended(self) -> int:
        """The minutes that were attended."""
        return self.left - self.arrived


def sessions(programme: Programme, chance: Chance) -> Iterator[Session]:
    """Hold every session of a programme, in the order of time."""
    weeks = range(len(programme.course.percent))
    for week, (number, name), activity in product(weeks, enumerate(DAYS), programme.activities):
        if activity.meets(week, name):
            day = programme.monday(week) + timedelta(days=number)
            yield _held(activity, week, day, _kind(programme.course, week, chance), chance)


def _kind(course: Course, week: int, chance: Chance) -> Kind:
    if week in course.away:
        return "cancelled"
    if course.is_dropout and week == len(course.percent) - 1:
        return "noshow"
    if chance.happens(course.missed):
        return "noshow"
    return chance.pick(("attended",) * 15 + ("late", "late", "left-early", "telehealth"))


def _held(activity: Activity, week: int, day: date, kind: Kind, chance: Chance) -> Session:
    arrived, left = activity.begins, activity.begins + activity.minutes
    if kind in {"noshow", "cancelled"}:
        left = arrived
    elif kind == "late":
        arrived += chance.between(6, 25)
    elif kind == "left-early":
        left -= chance.between(10, 30)
    return Session(activity, week, day, kind, arrived, left)
