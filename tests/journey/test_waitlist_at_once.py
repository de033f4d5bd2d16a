"""Many clinicians admit at once while places come free: nobody is one too many, or passed over."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.journey.candidate import CLINICIAN, Candidate
from tests.journey.programme import Programme
from tests.journey.test_places import patiently
from tests.journey.test_waitlist import STEP_DOWN, answered, order, risk, tasks, waitlist
from tests.services.person import HIGH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.programs import Programs
    from tests.services.person import Resource

    Act = Callable[[], httpx.Response]

CLIENTS = 8
PLACES = 3
PRIORITIES = ("stat", "asap", "urgent", "routine")


@pytest.fixture(scope="module")
def http(stack: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.fhir, timeout=180, trust_env=False) as each:
        yield each


@pytest.fixture
def programme(http: httpx.Client) -> Programme:
    made = Programme(http)
    made.takes(PLACES)
    return made


def at_once(acts: Sequence[Act]) -> list[httpx.Response]:
    """Have so many clients act at once, each again as long as the service is busy."""
    with ThreadPoolExecutor(CLIENTS) as pool:
        return list(pool.map(patiently, acts))


def finished(person: Candidate) -> httpx.Response:
    after = person.read(person.episode) | {"status": "finished"}
    headers = {"X-Stepdown-Actor": CLINICIAN}
    return person.http.put(f"EpisodeOfCare/{after['id']}", json=after, headers=headers)


def with_status(people: Sequence[Candidate], status: str) -> list[Candidate]:
    return [each for each in people if each.read(each.episode)["status"] == status]


def ranked(entries: Sequence[Resource]) -> list[tuple[int, str]]:
    """What an order has to be by: the priority that is told, then since when."""
    codes = [each["flag"]["coding"][0]["code"] for each in entries]
    return [(PRIORITIES.index(c), e["date"]) for c, e in zip(codes, entries, strict=True)]


def becomes_urgent(person: Candidate) -> None:
    """Let it be known that somebody who waits comes from inpatient care."""
    told = person.read(person.episode)
    person.put(told | {"type": [*told["type"], STEP_DOWN]})


def test_nobody_is_one_too_many_and_nobody_is_passed_over(programme: Programme) -> None:
    people = [programme.candidate() for _ in range(PLACES + 6)]
    answers = at_once([each.admit for each in people])
    assert {each.status_code for each in answers} == {200}
    inside, waiting = with_status(people, "active"), with_status(people, "waitlist")
    assert (len(inside), len(waiting)) == (PLACES, 6)

    becomes_urgent(waiting[-1])
    inside[0].pass_time()
    answered(waiting[-2], "waitlist", priority="stat")
    entries = waitlist(programme)
    assert ranked(entries) == sorted(ranked(entries))
    assert all(each["flag"]["text"].endswith(f"waits since {each['date']}") for each in entries)
    turn = {each.episode["id"]: each for each in waiting}
    first, second, *others = [turn[each] for each in order(programme)]
    assert (first, second) == (waiting[-2], waiting[-1])

    at_once([partial(finished, each) for each in inside[:2]])
    inside[0].pass_time()
    offered = [each for each in waiting if tasks(each, "place-free")]
    assert {each.id for each in offered} == {first.id, second.id}

    answers = at_once([each.admit for each in (first, second)] * 4)
    assert {each.status_code for each in answers} <= {200, 409}
    inside[0].pass_time()
    assert with_status(waiting, "active") == [each for each in waiting if each in (first, second)]
    assert order(programme) == [each.episode["id"] for each in others]
    assert [tasks(each, "place-free") for each in others] == [[]] * len(others)


def test_as_many_come_in_as_leave_whoever_asks_at_once(programme: Programme) -> None:
    people = [programme.candidate() for _ in range(PLACES + 5)]
    at_once([each.admit for each in people])
    inside, waiting = with_status(people, "active"), with_status(people, "waitlist")

    leaving: list[Act] = [partial(finished, each) for each in inside]
    answers = at_once(
        [act for both in zip(leaving, waiting, strict=False) for act in (both[0], both[1].admit)]
    )
    assert {each.status_code for each in answers} == {200}

    # Who asked too early waits, and asks again.
    at_once([each.admit for each in with_status(waiting, "waitlist")])
    assert len(with_status(waiting, "active")) == PLACES
    assert len(order(programme)) == len(waiting) - PLACES


def test_a_danger_is_told_in_the_order_and_admits_nobody(programme: Programme) -> None:
    people = [programme.candidate() for _ in range(PLACES + 2)]
    at_once([each.admit for each in people])
    inside, waiting = with_status(people, "active"), with_status(people, "waitlist")
    risk(waiting[1], HIGH)
    first, _ = waitlist(programme)
    assert first["item"]["reference"].endswith(waiting[1].episode["id"])
    assert "asap: The last suicide risk is high or moderate" in first["flag"]["text"]

    finished(inside[0])
    answers = at_once([each.admit for each in waiting])

    codes = {each.episode["id"]: a.status_code for each, a in zip(waiting, answers, strict=True)}
    assert codes == {waiting[0].episode["id"]: 200, waiting[1].episode["id"]: 409}
    assert with_status(people, "active") == [
        each for each in people if each in (*inside[1:], waiting[0])
    ]
