"""Two copies of each service with two workers each: every effect happens once."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import cycle
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.programs import SERVICES, Programs
from tests.record import becomes, counts, faults, settled
from tests.services.person import Person

if TYPE_CHECKING:
    from collections.abc import Iterator

PEOPLE = 12
# A plan for each stay; a Flag for each risk; three Tasks: the clock, its escalation, the safety
# review; and a Provenance of each of these acts, of the first visit that is proposed after a stay,
# of the signal that a high risk is, and of the marks of the review and the escalation, both late.
ONCE = {"CarePlan": 1, "Flag": 1, "Task": 3, "Provenance": 7}
# A lock that is named by one number is a session's; those of two numbers end with their writes.
LEADERS = """
SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted AND a.datname = current_database()
"""


@pytest.fixture(scope="module")
def copies(database_url: str) -> Iterator[Programs]:
    with Programs.separate(database_url, copies=2, workers=2) as programs:
        yield programs


@pytest.fixture
def http(copies: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=copies.fhir, timeout=180, trust_env=False) as each:
        yield each


def live(programs: Programs, people: list[Person], *asked: str) -> None:
    """Let everything that has an effect happen, at one of the copies asked or another."""
    intake = cycle(name for name in asked if name.startswith("intake"))
    progress = cycle(name for name in asked if name.startswith("progress"))
    for person in people:
        person.put(person.stay(), base=programs.base(next(intake)))
        person.put(person.risk(), base=programs.base(next(progress)))
        person.put(person.clock(days=2), base=programs.base(next(intake)))


async def made_for_each(people: list[Person], url: str, before: dict[str, int]) -> dict[str, float]:
    """Let the clocks of these people run out, and count what was made for each of them."""
    people[0].pass_time()
    people[0].pass_time(timedelta(days=4))
    await settled(url)
    after = await counts(url, *ONCE)
    return {name: (after[name] - before[name]) / len(people) for name in ONCE}


async def test_every_effect_happens_once_whichever_copy_was_asked(
    copies: Programs, http: httpx.Client, database_url: str
) -> None:
    before = await counts(database_url, *ONCE)
    people = [Person(http) for _ in range(PEOPLE)]
    live(copies, people, "intake", "intake-2", "progress", "progress-2")

    assert await made_for_each(people, database_url, before) == ONCE
    assert await faults(database_url) == []


async def test_one_worker_of_one_copy_leads_each_service(
    copies: Programs, database_url: str
) -> None:
    await becomes(database_url, len(SERVICES), LEADERS)


async def test_every_effect_happens_once_although_copies_die(
    copies: Programs, http: httpx.Client, database_url: str
) -> None:
    before = await counts(database_url, *ONCE)
    people = [Person(http) for _ in range(PEOPLE)]
    living = asyncio.to_thread(live, copies, people, "intake", "progress-2")
    async with asyncio.TaskGroup() as group:
        group.create_task(living)
        for dead in ("plan", "progress", "intake-2"):
            await asyncio.sleep(0.1)
            copies.kill(dead)
    for dead in ("plan", "progress", "intake-2"):
        copies.start(dead)

    assert await made_for_each(people, database_url, before) == ONCE
    assert await faults(database_url) == []
