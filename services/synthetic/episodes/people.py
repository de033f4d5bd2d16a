"""Puts synthetic programmes together: the places, then each person with the truth beside it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from services.synthetic import identity, timeline
from services.synthetic.chance import Chance
from services.synthetic.episodes import care
from services.synthetic.episodes.answers import Measuring, measure
from services.synthetic.episodes.courses import COURSES, scores
from services.synthetic.episodes.sessions import ACTIVITIES, sessions
from services.synthetic.episodes.truth import truth
from services.synthetic.episodes.visits import visit
from services.synthetic.history import History
from services.synthetic.people import LAST_DAY
from services.synthetic.places import places_bundle
from services.synthetic.stories import STORIES
from services.synthetic.timeline import instant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.synthetic.timeline import Timeline
    from shared.fhir.reader import JsonObject

# From discharge to the aftercare measure: up to a week, twelve weeks, and four more.
_LASTS: Final = timedelta(days=120)
_FRIDAY: Final = timedelta(days=4)
_AFTER: Final = timedelta(weeks=4)


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
    conditions = history.write(chance)
    programme = _programme(number, days)
    told = _attend(history, programme, conditions[0], Chance("episode", seed, number))
    return history.bundle(), {"person": f"{key}-1"} | told


def _programme(number: int, days: Timeline) -> care.Programme:
    course = COURSES[(number - 1) % len(COURSES)]
    monday = days.discharged + timedelta(days=7 - days.discharged.weekday())
    ended = monday + timedelta(weeks=len(course.percent) - 1) + _FRIDAY
    return care.Programme(course, days.discharged, monday, ended)


def _attend(
    history: History, programme: care.Programme, condition: JsonObject, chance: Chance
) -> JsonObject:
    weeks, after = scores(programme.course, chance)
    held = list(sessions(programme.course, programme.admitted, chance))
    content = care.episode_of_care(history.subject, condition, programme)
    episode = history.add("EpisodeOfCare", content)
    orders = dict(zip(ACTIVITIES, care.write_plan(history, programme, weeks), strict=True))
    for session in held:
        visit(history, programme, session, {"episode": episode, "order": orders[session.activity]})
    for week, totals in enumerate(weeks):
        day = programme.admitted + timedelta(weeks=week)
        measure(history, Measuring(instant(day, 8, 45), totals, chance))
    if after is not None:
        care.hand_over(history, programme, episode)
        measure(history, Measuring(instant(programme.ended + _AFTER, 10), after, chance))
    return truth(programme, (weeks, after), held)
