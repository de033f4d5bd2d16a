"""Puts synthetic histories together: one Bundle for the places, then one for each person.

No EpisodeOfCare is made, so loading a history starts no reaction.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from services.synthetic import identity, timeline
from services.synthetic.chance import Chance
from services.synthetic.history import History
from services.synthetic.places import places_bundle
from services.synthetic.stories import STORIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.fhir.reader import JsonObject

# Histories end before this day, unless another is asked for: no clock enters the generator.
LAST_DAY: Final = date(2026, 2, 28)


def bundles(people: int, seed: int, last_day: date = LAST_DAY) -> Iterator[JsonObject]:
    """Give the Bundle of places, then one transaction Bundle for each person.

    A person depends on the seed and on its own number only: of a greater number of people, the
    first ones are the same.
    """
    yield places_bundle()
    for number in range(1, people + 1):
        yield _person(Chance("person", seed, number), f"{seed}-{number}", last_day)


def _person(chance: Chance, key: str, last_day: date) -> JsonObject:
    days = timeline.draw(chance, last_day)
    history = History(key, chance.pick(STORIES), days, identity.patient(chance, last_day))
    history.write(chance)
    return history.bundle()
