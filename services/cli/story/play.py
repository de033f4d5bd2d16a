"""Plays the whole story on a server: one person's twelve weeks, and others beside them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from services.cli.console import Failure
from services.cli.story import cast, course, entering, leaving, living, others, planning, waiting
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
_COUNTED_WEEK: Final = 4
_MISSED_WEEK: Final = 5
_MISSED: Final = 2
# In this week somebody else's answers are kept as the person's.
_MISTAKEN_WEEK: Final = 8
_MISTAKEN: Final = (24, 8)
_TEMPLATE: Final = "iop-adult-mental-health"
# Family therapy needs a consent that is not there, and nobody gives peer support.
_WISHES: Final = {
    "session_time": {"valueCode": "evening"},
    "member": {"valueString": cast.PSYCHIATRIST},
}
_ASSESSED_AFTER: Final = timedelta(days=1)
_MEASURED_AFTER: Final = timedelta(days=6, hours=20)
_VISIT_AFTER: Final = timedelta(days=2, hours=20)
_HOUR: Final = timedelta(hours=1)
_AFTERCARE: Final = timedelta(days=35)
_TEST_DATA: Final = "http://terminology.hl7.org/CodeSystem/v3-ActReason|HTEST"
_AT_ONCE: Final = 4
# A week of the clock may take minutes on a busy machine; the server says itself when it stands.
_TIMEOUT_SECONDS: Final = 1_800.0


async def play(to: str, console: Console, *, beside: int = 0, until_now: bool = False) -> None:
    """Play the story and tell that of its main person; `beside` is how many others live theirs.

    With `until_now` the clock moves on to the real time when the story is over.

    :raises Failure: when the server refuses something, or holds people who are not synthetic.
    """
    async with FhirClient(to, timeout=_TIMEOUT_SECONDS) as client:
        player = Player(client, to)
        await _refuse_real_people(player)
        await player.another().together(cast.places_and_clinicians())
        start = await player.time()
        run = start.strftime("%Y%m%dT%H%M%S")
        people = [cast.person(number, run, start.date()) for number in range(beside + 1)]
        people[0].template, people[0].wishes = _TEMPLATE, _WISHES
        story = Story(player, Teller(console, player), start, people[0], tuple(people[1:]))
        await story.play()
        if not beside:
            await story.go_on()
        await story.conclude()
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
        beside = self.player.another()
        for week in range(self.weeks):
            begins = self.start + timedelta(weeks=week)
            new = [each for each in self.others if others.entry_week(each, self.weeks) == week]
            if week == 0:
                self.tell.step(1, "Notice")
                await entering.notice(self.player, self.tell, self.main, begins)
            await _all(others.notice(beside, each, begins) for each in new)
            await self.player.move_clock(begins + _ASSESSED_AFTER + _HOUR)
            if week == 0:
                await self._enter(begins + _ASSESSED_AFTER)
            await _all(others.enter(beside, each, begins + _ASSESSED_AFTER) for each in new)
            await self.player.move_clock(begins + _MEASURED_AFTER + _HOUR)
            await self._live(week + 1, begins + _MEASURED_AFTER)
            span = (begins + _MEASURED_AFTER - timedelta(weeks=1), begins + _MEASURED_AFTER)
            await _all(others.live(beside, each, span, week + 1) for each in self.others)
            await self.player.move_clock(begins + timedelta(weeks=1))
        await self._leave(self._end)

    async def _enter(self, at: datetime) -> None:
        told = self.player, self.tell, self.main
        self.tell.step(2, "Assessment")
        await entering.assessment(*told, at, _SCORES[0])
        self.tell.step(3, "Level of care")
        await entering.level_of_care(*told)
        await waiting.wait(*told)
        await entering.admission(*told)
        await entering.consent(*told)
        self.tell.step(4, "Plan")
        await planning.plan(*told)
        await planning.hours(*told)
        self.tell.step(5, "Progress")

    async def _live(self, week: int, at: datetime) -> None:
        told = self.player, self.tell, self.main
        span = (at - timedelta(weeks=1), at)
        missed = _MISSED if week == _MISSED_WEEK else 0
        attended, noshow = await living.sessions(self.player, self.main, span, missed=missed)
        scores = _MISTAKEN if week == _MISTAKEN_WEEK else _SCORES[week]
        ask = living.answer if week == _MISTAKEN_WEEK else living.measures
        given = await ask(self.player, self.main, at, scores)
        week_told = f"Week {week}: {attended} sessions attended"
        week_told += f", {noshow} missed" if noshow else ""
        self.tell.say(f"{week_told}; PHQ-9 {scores[0]}, GAD-7 {scores[1]}.", given[0])
        if week == _WORST_WEEK:
            await living.review(*told)
        if week == _COUNTED_WEEK:
            await planning.ledger(*told, self._days(at - timedelta(days=1)))
        if week == _MISSED_WEEK:
            await living.missed(*told, at)
        if week == _MISTAKEN_WEEK:
            await living.correct(*told, given[0], _SCORES[week][0])

    async def _leave(self, end: datetime) -> None:
        told = self.player, self.tell, self.main
        self.tell.step(6, "Handoff")
        task = await leaving.handoff(*told)
        await self.player.move_clock(end + _VISIT_AFTER + 2 * _HOUR)
        await leaving.aftercare(*told, task, end + _VISIT_AFTER)
        await self.player.move_clock(end + _LEAVING)

    async def go_on(self) -> None:
        """Play a month of aftercare; those beside the main person do not live it."""
        self.tell.step(7, "Aftercare")
        await self.player.move_clock(self._end + _AFTERCARE)
        await leaving.aftercare_measures(self.player, self.tell, self.main)

    async def conclude(self) -> None:
        """Tell what it came to."""
        self.tell.step(8, "Figures")
        await leaving.figures(self.player, self.tell, self._days(self._end))
        scores = await leaving.course_of(self.player, self.main)
        self.tell.say(f"The PHQ-9 of {self.main.name}, by day:")
        self.tell.show(course.draw(scores))
        whole = f"{self.player.base}/{self.main.reference}/$everything"
        self.tell.say(f"The whole record: {whole}")
        self.tell.say("`stepdown verify` checks that nobody has altered a version of it.")

    @property
    def _end(self) -> datetime:
        return self.start + timedelta(weeks=self.weeks)

    def _days(self, end: datetime) -> tuple[str, str]:
        return self.start.date().isoformat(), end.date().isoformat()


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
