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

Kind = Literal["attended", "late", "left-early", "telehealth", "noshow"]


@dataclass(frozen=True, slots=True)
class Activity:
    """A service by its ActivityDefinition: on which days, from when, how long, every so many weeks.

    `begins` are minutes after midnight.
    """

    service: str
    days: tuple[str, ...]
    begins: int
    minutes: int
    weeks: int = 1
    is_group: bool = False


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


def sessions(course: Course, monday: date, chance: Chance) -> Iterator[Session]:
    """Hold every session of a course, in the order of time."""
    last = len(course.percent) - 1
    for week, (number, name), activity in product(range(last + 1), enumerate(DAYS), ACTIVITIES):
        if name in activity.days and week % activity.weeks == 0:
            is_gone = course.is_dropout and week == last
            kind = "noshow" if is_gone else _kind(course, chance)
            day = monday + timedelta(weeks=week, days=number)
            yield _held(activity, week, day, kind, chance)


def _kind(course: Course, chance: Chance) -> Kind:
    if chance.happens(course.missed):
        return "noshow"
    return chance.pick(("attended",) * 15 + ("late", "late", "left-early", "telehealth"))


def _held(activity: Activity, week: int, day: date, kind: Kind, chance: Chance) -> Session:
    arrived, left = activity.begins, activity.begins + activity.minutes
    if kind == "noshow":
        left = arrived
    elif kind == "late":
        arrived += chance.between(6, 25)
    elif kind == "left-early":
        left -= chance.between(10, 30)
    return Session(activity, week, day, kind, arrived, left)
