"""Reads from the record when a person is asked for each measure next, as it stood at an instant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.domain.measures import choosing
from services.progress_api.domain.measures.choosing import Ground, Person, born, is_ground
from services.progress_api.episode_course import course_of
from shared.care.death import is_dead
from shared.care.merge import replaced_by

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from services.progress_api.domain.progress.progress import Place
    from shared.store.finding import Found
    from shared.store.reading import Reading

_GROUNDS: Final = frozenset({"CarePlan", "Condition"})


async def due_next(
    programme: Found | None, known: Sequence[Found], place: Place, reading: Reading
) -> dict[str, tuple[date, date]]:
    """Give the days on which each questionnaire is due next; none where nobody is asked.

    `known` are the person's resources as they stood then.
    """
    patients = [each.content for each in known if each.key.type == "Patient"]
    if programme is None or any(map(is_dead, patients)):
        return {}
    survivors = (each for each in patients if replaced_by(each, place.bases) is None)
    told = (each.content for each in known if each.key.type in _GROUNDS)
    grounds = tuple(Ground(each, place.now) for each in told if is_ground(each))
    person = Person(born(next(survivors, None), place.zone), grounds)
    course = await course_of(programme.key, reading, place.now)
    return choosing.due_next(course, person, place.zone, place.now)
