"""Plays the whole story on a server: one person's twelve weeks, and others beside them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from services.cli.console import Failure
from services.cli.story import cast, course, others, steps
from services.cli.story.player import Player
from services.cli.story.teller import Teller
from shared.client import FhirClient

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable

    from rich.console import Console

    from services.cli.story.cast import Person

WEEKS: Final = 12
_LEAVING: Final = timedelta(days=4)
# From the hospital's notice to the end of the story.
LASTS: Final = timedelta(weeks=WEEKS) + _LEAVING
# The PHQ-9 and GAD-7 totals of the main person, at entry and at the end of each week.
_SCORES: Final = (
    (17, 13),
    (16, 13),
    (14, 12),
    (23, 15),
    (20, 14),
    (17, 12),
    (14, 11),
    (12, 10),
    (10, 9),
    (9, 8),
    (7, 7),
    (5, 5),
    (4, 4),
)
_WORST_WEEK: Final = 3
_MISSED_WEEK: Final = 5
_ASSESSED_AFTER: Final = timedelta(days=1)
_MEASURED_AFTER: Final = timedelta(days=6, hours=20)
_VISIT_AFTER: Final = timedelta(days=2, hours=20)
_HOUR: Final = timedelta(hours=1)
_TEST_DATA: Final = "http://terminology.hl7.org/CodeSystem/v3-ActReason|HTEST"
_AT_ONCE: Final = 4
_TIMEOUT_SECONDS: Final = 120.0


async def play(to: str, console: Console, *, beside: int = 0, until_now: bool = False) -> None:
    """Play the story and tell that of its main person; `beside` is how many others live theirs.

    With `until_now` the clock moves on to the real time when the story is over.

    :raises Failure: when the server refuses something, or holds people who are not synthetic.
    """
    async with FhirClient(to, timeout=_TIMEOUT_SECONDS) as client:
        player = Player(client, to)
        await _refuse_real_people(player)
        await player.together(cast.places_and_clinicians())
        start = await player.time()
        run = start.strftime("%Y%m%dT%H%M%S")
        people = [cast.person(number, run, start.date()) for number in range(beside + 1)]
        story = Story(player, Teller(console, player), start, people[0], tuple(people[1:]))
        await story.play()
        if until_now:
            await _catch_up(player)


async def catch_up(to: str) -> None:
    """Bring a server's clock to the real time, if it stands before it."""
    async with FhirClient(to, timeout=_TIMEOUT_SECONDS) as client:
        await _catch_up(Player(client, to))


async def _catch_up(player: Player) -> None:
    now = datetime.now(UTC)
    if now > await player.time():
        await player.move_clock(now)


@dataclass(frozen=True, slots=True)
class Story:
    """One play: who plays, on which server, from when on."""

    player: Player
    tell: Teller
    start: datetime
    main: Person
    others: tuple[Person, ...] = ()
    weeks: int = WEEKS

    async def play(self) -> None:
        """Play from the first notice to the end of the main person's episode."""
        for week in range(self.weeks):
            begins = self.start + timedelta(weeks=week)
            new = [each for each in self.others if others.entry_week(each, self.weeks) == week]
            if week == 0:
                self.tell.step(1, "Notice")
                await steps.notice(self.player, self.tell, self.main, begins)
            await _all(others.notice(self.player, each, begins) for each in new)
            await self.player.move_clock(begins + _ASSESSED_AFTER + _HOUR)
            if week == 0:
                await self._enter(begins + _ASSESSED_AFTER)
            await _all(others.enter(self.player, each, begins + _ASSESSED_AFTER) for each in new)
            await self.player.move_clock(begins + _MEASURED_AFTER + _HOUR)
            await self._live(week + 1, begins + _MEASURED_AFTER)
            span = (begins + _MEASURED_AFTER - timedelta(weeks=1), begins + _MEASURED_AFTER)
            await _all(others.live(self.player, each, span, week + 1) for each in self.others)
            await self.player.move_clock(begins + timedelta(weeks=1))
        await self._leave(self.start + timedelta(weeks=self.weeks))

    async def _enter(self, at: datetime) -> None:
        self.tell.step(2, "Assessment")
        await steps.assessment(self.player, self.tell, self.main, at, _SCORES[0])
        self.tell.step(3, "Level of care")
        await steps.level_of_care(self.player, self.tell, self.main)
        await steps.admission(self.player, self.tell, self.main)
        self.tell.step(4, "Plan")
        await steps.plan(self.player, self.tell, self.main)
        self.tell.step(5, "Progress")

    async def _live(self, week: int, at: datetime) -> None:
        span = (at - timedelta(weeks=1), at)
        missed = int(week == _MISSED_WEEK)
        attended, noshow = await steps.sessions(self.player, self.main, span, missed=missed)
        given = await steps.measures(self.player, self.main, at, _SCORES[week])
        told = f"Week {week}: {attended} sessions attended" + (", 1 missed" if noshow else "")
        phq_9, gad_7 = _SCORES[week]
        self.tell.say(f"{told}; PHQ-9 {phq_9}, GAD-7 {gad_7}.", given[0])
        if week == _WORST_WEEK:
            await steps.review(self.player, self.tell, self.main)

    async def _leave(self, end: datetime) -> None:
        self.tell.step(6, "Handoff")
        task = await steps.handoff(self.player, self.tell, self.main)
        await self.player.move_clock(end + _VISIT_AFTER + 2 * _HOUR)
        await steps.aftercare(self.player, self.tell, self.main, task, end + _VISIT_AFTER)
        await self.player.move_clock(end + _LEAVING)
        scores = await steps.course_of(self.player, self.main)
        self.tell.say(f"The PHQ-9 of {self.main.name}, by day:")
        self.tell.show(course.draw(scores))
        whole = f"{self.player.base}/{self.main.reference}/$everything"
        self.tell.say(f"The whole record: {whole}")


async def _refuse_real_people(player: Player) -> None:
    bundle = await player.get(f"Patient?_security:not={_TEST_DATA}&_count=1")
    if "entry" in bundle:
        raise Failure(
            "This record holds people who are not marked as synthetic; the demo plays only on a "
            "record of its own."
        )


async def _all(plays: Iterable[Coroutine[None, None, None]]) -> None:
    limit = asyncio.Semaphore(_AT_ONCE)

    async def one(each: Coroutine[None, None, None]) -> None:
        async with limit:
            await each

    await asyncio.gather(*map(one, plays))
