"""Puts synthetic programmes together: the places, then each person with the truth beside it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from services.synthetic import identity, timeline
from services.synthetic.chance import Chance
from services.synthetic.episodes.attending import Attending
from services.synthetic.episodes.courses import COURSES, scores
from services.synthetic.episodes.programme import Programme
from services.synthetic.episodes.review import review_of
from services.synthetic.history import History
from services.synthetic.people import LAST_DAY
from services.synthetic.places import places_bundle
from services.synthetic.stories import STORIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.synthetic.episodes.courses import Course
    from services.synthetic.episodes.review import Review
    from services.synthetic.timeline import Timeline
    from shared.fhir.reader import JsonObject

# From discharge to the aftercare measure: up to a week, twelve weeks, and four more.
_LASTS: Final = timedelta(days=120)
_FRIDAY: Final = timedelta(days=4)


def episodes(
    people: int, seed: int, last_day: date = LAST_DAY
) -> Iterator[tuple[JsonObject, JsonObject | None]]:
    """Give the Bundle of places, then one for each person, with the truth about that person.

    Everything ends before the last day. Courses take turns, so that few people show them all.
    """
    yield places_bundle(), None
    for number in range(1, people + 1):
        yield _person(seed, number, last_day - _LASTS)


def _person(seed: int, number: int, last_day: date) -> tuple[JsonObject, JsonObject]:
    key, chance = f"episode-{seed}-{number}", Chance("person", seed, number)
    days = timeline.draw(chance, last_day)
    history = History(key, chance.pick(STORIES), days, identity.patient(chance, last_day))
    condition, stay = history.write(chance)
    course, drawn = COURSES[(number - 1) % len(COURSES)], Chance("episode", seed, number)
    weeks, after = scores(course, drawn)
    programme = _programme(course, days, review_of(weeks, Chance("review", seed, number)))
    attending = Attending(history, programme, weeks, after, drawn)
    return history.bundle(), {"person": f"{key}-1"} | attending.write(condition, stay)


def _programme(course: Course, days: Timeline, review: Review | None) -> Programme:
    monday = days.discharged + timedelta(days=7 - days.discharged.weekday())
    ended = monday + timedelta(weeks=len(course.percent) - 1) + _FRIDAY
    return Programme(course, days.discharged, monday, ended, review)
