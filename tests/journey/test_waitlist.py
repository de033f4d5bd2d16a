"""Who waits stands in an order with reasons, and a free place is proposed to a person to give."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.canonical import code_system
from tests.journey.candidate import CLINICIAN, Candidate, diagnostics
from tests.journey.programme import Programme
from tests.services.person import MODERATE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs
    from tests.services.person import Resource

TASK = code_system("task")
STEP_DOWN = {"coding": [{"system": code_system("route"), "code": "step-down"}]}
LOW = "LA9194-7"


@pytest.fixture(scope="module")
def http(stack: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.fhir, timeout=180, trust_env=False) as each:
        yield each


@pytest.fixture
def programme(http: httpx.Client) -> Programme:
    return Programme(http)


def full(programme: Programme) -> Candidate:
    """Somebody who has the one place."""
    programme.takes(1)
    person = programme.candidate()
    assert person.admit().json()["status"] == "active"
    return person


def waits(programme: Programme) -> Candidate:
    person = programme.candidate()
    assert person.admit().json()["status"] == "waitlist"
    return person


def waitlist(programme: Programme) -> list[Resource]:
    asked = {"organization": programme.reference["reference"]}
    answer = programme.http.get("EpisodeOfCare/$waitlist", params=asked)
    assert answer.is_success, answer.text
    told: Resource = answer.json()
    assert told["orderedBy"]["coding"][0]["code"] == "priority"
    entries: list[Resource] = told.get("entry", [])
    return entries


def order(programme: Programme) -> list[str]:
    return [each["item"]["reference"].partition("/")[2] for each in waitlist(programme)]


def tasks(person: Candidate, code: str) -> list[Resource]:
    return person.found("Task", code=f"{TASK}|{code}")


def leaves(person: Candidate) -> None:
    person.put(person.read(person.episode) | {"status": "finished"})
    person.pass_time()


def answered(person: Candidate, code: str, **changes: str) -> Resource:
    """What a clinician writes on the one Task of a code."""
    [task] = tasks(person, code)
    headers = {"X-Stepdown-Actor": CLINICIAN}
    told = task | changes
    answer = person.http.put(f"Task/{task['id']}", json=told, headers=headers)
    assert answer.is_success, answer.text
    person.pass_time()
    return told


def risk(person: Candidate, answer: str) -> None:
    person.put(person.risk(answer, effectiveDateTime=person.now().isoformat(timespec="seconds")))


def test_the_order_is_by_priority_and_then_by_time(programme: Programme) -> None:
    full(programme)
    first, second, third = (waits(programme) for _ in range(3))
    assert order(programme) == [each.episode["id"] for each in (first, second, third)]
    [entry, *_] = waitlist(programme)
    assert entry["flag"]["text"].startswith("routine: No reason to go before others; waits since ")

    told = third.read(third.episode)
    third.put(told | {"type": [*told["type"], STEP_DOWN]})
    assert order(programme) == [each.episode["id"] for each in (third, first, second)]
    [entry, *_] = waitlist(programme)
    assert "urgent: Comes from inpatient care" in entry["flag"]["text"]
    assert [each["code"] for each in entry["flag"]["coding"]] == ["urgent", "step-down"]

    risk(second, MODERATE)
    assert order(programme) == [each.episode["id"] for each in (second, third, first)]
    risk(second, LOW)
    assert order(programme) == [each.episode["id"] for each in (third, first, second)]


def test_what_a_clinician_sets_goes_before_the_policy(programme: Programme) -> None:
    full(programme)
    first, second = waits(programme), waits(programme)
    second.pass_time()

    answered(second, "waitlist", priority="stat")

    assert order(programme) == [second.episode["id"], first.episode["id"]]
    [entry, *_] = waitlist(programme)
    assert "stat: The priority was set by a person" in entry["flag"]["text"]


def test_who_has_waited_for_long_goes_before(programme: Programme) -> None:
    full(programme)
    person = waits(programme)
    person.pass_time(timedelta(days=14))

    [entry] = waitlist(programme)
    assert "urgent: Has waited for two weeks or longer" in entry["flag"]["text"]


def test_a_place_that_is_free_is_proposed_to_the_first_once(programme: Programme) -> None:
    leaving = full(programme)
    first, second = waits(programme), waits(programme)
    leaves(leaving)

    [offer] = tasks(first, "place-free")
    assert (offer["status"], offer["priority"]) == ("requested", "routine")
    assert "the first who waits" in offer["description"]
    assert tasks(second, "place-free") == []
    assert first.read(first.episode)["status"] == "waitlist"
    said = first.told_of(offer)[0]["agent"][0]["who"]["identifier"]["value"]
    assert said == "waitlist|1.0"

    leaving.put(leaving.read(leaving.episode) | {"careManager": {"reference": CLINICIAN}})
    leaving.pass_time()
    assert tasks(first, "place-free") == [offer]

    assert first.admit().json()["status"] == "active"
    first.pass_time()
    ended = [*tasks(first, "place-free"), *tasks(first, "waitlist")]
    assert [each["status"] for each in ended] == ["completed", "completed"]
    assert tasks(second, "place-free") == []
    assert order(programme) == [second.episode["id"]]


def test_who_is_declined_or_passed_over_makes_way_for_the_next(programme: Programme) -> None:
    leaving = full(programme)
    first, second, third = (waits(programme) for _ in range(3))
    leaves(leaving)

    first.decline(reason="Has moved away.")
    first.pass_time()
    assert [each["status"] for each in tasks(first, "place-free")] == ["cancelled"]
    assert [each["status"] for each in tasks(second, "place-free")] == ["requested"]

    answered(second, "place-free", status="rejected")
    assert [each["status"] for each in tasks(third, "place-free")] == ["requested"]
    assert order(programme) == [second.episode["id"], third.episode["id"]]


def test_more_places_are_proposed_to_as_many(programme: Programme) -> None:
    full(programme)
    people = [waits(programme) for _ in range(3)]

    programme.takes(3)
    people[0].pass_time()

    assert [len(tasks(each, "place-free")) for each in people] == [1, 1, 0]


def test_a_place_on_one_track_is_for_who_may_come_there(programme: Programme) -> None:
    programme.takes(1, "day")
    programme.takes(1, "evening")
    there = {name: programme.candidate() for name in ("day", "evening")}
    waiting = {name: programme.candidate() for name in ("day", "evening")}
    for people, status in ((there, "active"), (waiting, "waitlist")):
        for name, person in people.items():
            assert person.admit(track={"valueCode": name}).json()["status"] == status

    leaves(there["evening"])

    assert [len(tasks(each, "place-free")) for each in waiting.values()] == [0, 1]
    asked = {"track": "evening", "organization": programme.reference["reference"]}
    [entry] = programme.http.get("EpisodeOfCare/$waitlist", params=asked).json()["entry"]
    assert entry["item"]["reference"] == f"EpisodeOfCare/{waiting['evening'].episode['id']}"


def test_nobody_waits_where_there_is_room(programme: Programme) -> None:
    assert waitlist(programme) == []


def test_a_track_that_is_none_is_refused(programme: Programme) -> None:
    answer = programme.http.get("EpisodeOfCare/$waitlist", params={"track": "weekend"})

    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert "day or evening" in diagnostics(answer)
