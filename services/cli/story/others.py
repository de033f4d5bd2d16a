"""The people beside the main one, each at another point of the way when the story ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.cli.story import cast, entering, living, planning
from services.cli.story.teller import Teller

if TYPE_CHECKING:
    from datetime import datetime

    from services.cli.story.cast import Person
    from services.cli.story.player import Player

# Of their sessions so many are played in a week.
_SESSIONS: Final = 3


def entry_week(person: Person, weeks: int) -> int:
    """Say in which week somebody comes, spread over the story."""
    return person.number * 5 % weeks


async def notice(player: Player, person: Person, at: datetime) -> None:
    """The hospital tells of the person's discharge."""
    await entering.notice(player, Teller(None, player), person, at)


async def enter(player: Player, person: Person, at: datetime) -> None:
    """Most are assessed and admitted; one in seven is forgotten, one is declined."""
    silent = Teller(None, player)
    if person.number % 7 == 3:
        return
    await entering.assessment(player, silent, person, at, (12 + person.number % 9, 9))
    await entering.level_of_care(player, silent, person)
    if person.number % 7 == 5:
        await entering.decline(player, person)
        return
    await player.put(cast.consent(person), person.reference)
    await entering.admission(player, silent, person)
    await planning.plan(player, silent, person)


async def live(player: Player, person: Person, span: tuple[datetime, datetime], week: int) -> None:
    """The admitted come to some sessions and answer the weekly measures."""
    if not person.plan:
        return
    missed = int((person.number + week) % 6 == 0)
    await living.sessions(player, person, span, missed=missed, most=_SESSIONS)
    better = max(week - person.number % 5, 0)
    scores = max(12 + person.number % 9 - better, 3), max(9 - better // 2, 2)
    await living.measures(player, person, span[1], scores)
