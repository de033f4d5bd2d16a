"""No shortcut: a sibling is reached by its URL only, and how the programs run changes nothing."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from services.ownership import SERVICES
from shared.access.access import DEFAULT_TENANT
from tests.programs import Programs, free_port
from tests.record import becomes, counts, faults, owner, settled
from tests.services.person import MODERATE, Person

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    Run = Callable[..., AbstractContextManager[Programs]]

RUNS = [Programs.separate, Programs.all_in_one]
IDS = ["separate", "all-in-one"]
BODIES = """
SELECT v.type, v.version, v.body FROM record.version v WHERE tenant = $1
"""
PRIVATE = "SELECT '{0}', target, path, status FROM {0}.outbound"
ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d{2}-\d{2}(?:T[0-9:.]+(?:Z|[+-]\d{2}:\d{2}))?")


def play(programs: Programs) -> None:
    """Let three people live through what the services react to."""
    with client(programs) as http:
        people = [Person(http) for _ in range(3)]
        stranger = Person(http, in_care=False)
        for person in (*people, stranger):
            person.put(person.stay("in-progress"))
            person.put(person.stay())
            person.put(person.clock(days=2))
        # What is derived names the event that led to it, so each comes when all else has followed.
        people[0].pass_time()
        for base, person in zip((programs.fhir, programs.progress), people, strict=False):
            person.put(person.risk(), base=base)
        people[2].put(people[2].risk(MODERATE))
        people[0].pass_time()
        people[0].put(people[0].comes("CarePlan") | {"title": "Agreed"})
        people[1].put(people[1].clock(days=2) | {"status": "completed"})
        people[0].pass_time(timedelta(days=4))


def client(programs: Programs) -> httpx.Client:
    headers = {"X-Stepdown-Actor": "Practitioner/tester"}
    return httpx.Client(base_url=programs.fhir, headers=headers, timeout=180, trust_env=False)


async def story(url: str) -> list[tuple[object, ...]]:
    """Everything that was ever written or sent, but for the ids and times."""
    async with owner(url) as connection:
        versions = await connection.fetch(BODIES, DEFAULT_TENANT)
        sent = await connection.fetch(" UNION ALL ".join(PRIVATE.format(s) for s in SERVICES))
    told = [(*row[:2], ID.sub("ID", TIME.sub("TIME", row[2]))) for row in versions]
    return sorted([*told, *map(tuple, sent)], key=str)


@pytest.fixture
def url(make_database: Callable[[], str]) -> str:
    return make_database()


@pytest.fixture
def other_url(make_database: Callable[[], str]) -> str:
    return make_database()


async def test_the_all_in_one_run_and_separate_processes_tell_the_same_story(
    url: str, other_url: str
) -> None:
    told = []
    for run, each in zip(RUNS, (url, other_url), strict=True):
        with run(each) as programs:
            play(programs)
            await settled(each)
        told.append(await story(each))
        assert await faults(each) == []

    assert told[0] == told[1]
    assert len(told[0]) > 30


@pytest.mark.parametrize(
    ("run", "program"), [*zip(RUNS, ("progress", "front-door"), strict=True)], ids=IDS
)
async def test_a_sibling_at_a_wrong_address_gets_what_waited_for_it_when_it_is_right(
    url: str, run: Run, program: str
) -> None:
    # Besides what the service publishes of itself at its start.
    waiting = (
        "SELECT count(*) FROM progress.outbound WHERE answered IS NULL AND stream <> 'library'"
    )
    nobody = {"STEPDOWN_INTAKE_URL": f"http://127.0.0.1:{free_port()}/fhir"}
    with run(url, told={program: nobody}) as programs, client(programs) as http:
        person = Person(http)
        for resource in (person.stay(), person.risk()):
            person.put(resource)

        # All but the alert goes its way.
        assert person.comes("CarePlan")
        person.put(person.risk(status="amended"))
        await becomes(url, 2, waiting)
        assert person.found("Flag") == person.found("Task") == []

        programs.stop(program)
        programs.told.clear()
        programs.start(program)
        await settled(url)
        assert await counts(url, "CarePlan", "Flag", "Task") == {
            "CarePlan": 1,
            "Flag": 1,
            "Task": 1,
        }
