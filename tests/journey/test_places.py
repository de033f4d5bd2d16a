"""A programme takes as many as it has places: the others wait, however many come at once."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.journey.candidate import CLINICIAN, Candidate, diagnostics
from tests.journey.programme import TRACK, Programme

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.programs import Programs
    from tests.services.person import Resource

AT_ONCE = 16


@pytest.fixture(scope="module")
def http(stack: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.fhir, timeout=180, trust_env=False) as each:
        yield each


@pytest.fixture
def programme(http: httpx.Client) -> Programme:
    return Programme(http)


def track(name: str) -> dict[str, Resource]:
    return {"track": {"valueCode": name}}


def patiently(ask: Callable[[], httpx.Response]) -> httpx.Response:
    """Ask again as long as the service says that it is busy."""
    while (answer := ask()).status_code == httpx.codes.SERVICE_UNAVAILABLE:
        time.sleep(float(answer.headers["Retry-After"]))
    return answer


def activate(person: Candidate) -> httpx.Response:
    active = person.read(person.episode) | {"status": "active"}
    headers = {"X-Stepdown-Actor": CLINICIAN}
    return person.http.put(f"EpisodeOfCare/{active['id']}", json=active, headers=headers)


def test_who_comes_after_the_last_place_waits(programme: Programme) -> None:
    programme.takes(1)
    first, second = programme.candidate(), programme.candidate()

    assert first.admit().json()["status"] == "active"
    answer = second.admit()

    assert (answer.status_code, answer.json()["status"]) == (200, "waitlist")
    assert [each["status"] for each in answer.json()["statusHistory"]] == ["planned", "waitlist"]
    assert second.read(second.task)["status"] == "requested"
    assert second.admit().json() == answer.json()

    first.put(first.read(first.episode) | {"status": "finished"})
    assert second.admit().json()["status"] == "active"
    assert second.read(second.task)["status"] == "accepted"


def test_of_many_who_come_at_once_one_has_the_last_place(programme: Programme) -> None:
    programme.takes(1)
    people = [programme.candidate() for _ in range(AT_ONCE)]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda person: patiently(person.admit), people))

    assert {each.status_code for each in answers} == {200}
    statuses = sorted(person.read(person.episode)["status"] for person in people)
    assert statuses == ["active", *["waitlist"] * (AT_ONCE - 1)]


def test_of_many_plain_writes_one_has_the_last_place(programme: Programme) -> None:
    programme.takes(1)
    people = [programme.candidate() for _ in range(AT_ONCE)]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda person: patiently(lambda: activate(person)), people))

    assert sorted(each.status_code for each in answers) == [200, *[409] * (AT_ONCE - 1)]
    [refused, *_] = [each for each in answers if each.status_code != httpx.codes.OK]
    assert "is full: it takes 1" in diagnostics(refused)


def test_a_bundle_takes_no_more_than_there_is(programme: Programme) -> None:
    programme.takes(1)
    people = [programme.candidate(), programme.candidate()]
    entries = [
        {
            "resource": person.episode | {"status": "active"},
            "request": {"method": "PUT", "url": f"EpisodeOfCare/{person.episode['id']}"},
        }
        for person in people
    ]

    def send(entry: list[Resource]) -> httpx.Response:
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entry}
        return programme.http.post("", json=bundle, headers={"X-Stepdown-Actor": CLINICIAN})

    assert send(entries).status_code == httpx.codes.CONFLICT
    assert [each.read(each.episode)["status"] for each in people] == ["planned", "planned"]
    assert send(entries[:1]).status_code == httpx.codes.OK


def test_each_track_has_places_of_its_own(programme: Programme) -> None:
    programme.takes(1, "day")
    programme.takes(1, "evening")
    first, second, third = (programme.candidate() for _ in range(3))

    assert first.admit(**track("evening")).json()["status"] == "active"
    waits = second.admit(**track("evening")).json()
    assert waits["status"] == "waitlist"
    assert waits["type"][-1]["coding"] == [{"system": TRACK, "code": "evening"}]
    assert second.admit(**track("day")).json()["status"] == "active"
    # Who does not say a track may come to either, and both are taken.
    assert third.admit().json()["status"] == "waitlist"


def test_a_track_is_left_for_another_only_where_there_is_a_place(programme: Programme) -> None:
    programme.takes(1, "day")
    programme.takes(1, "evening")
    first, second = programme.candidate(), programme.candidate()
    by_day = first.admit(**track("day")).json()
    in_evening = second.admit(**track("evening")).json()

    moved = in_evening | {"type": by_day["type"]}
    refused = second.http.put(f"EpisodeOfCare/{moved['id']}", json=moved)
    assert refused.status_code == httpx.codes.CONFLICT

    first.put(by_day | {"status": "finished"})
    assert second.put(moved)["type"] == by_day["type"]


def test_the_track_that_is_preferred_is_taken(programme: Programme) -> None:
    programme.takes(1, "day")
    person = programme.candidate()
    prefers = {"coding": [{"system": TRACK, "code": "evening"}]}
    person.put(
        {
            "resourceType": "Observation",
            "id": f"prefers-{uuid.uuid4()}",
            "status": "final",
            "code": {"coding": [{"system": TRACK, "code": "session-time"}]},
            "subject": person.reference,
            "effectiveDateTime": "2026-03-01",
            "valueCodeableConcept": prefers,
        }
    )

    assert person.admit().json()["type"][-1]["coding"] == prefers["coding"]


def test_another_programme_is_not_kept_from_its_places(
    programme: Programme, http: httpx.Client
) -> None:
    programme.takes(1)
    assert programme.candidate().admit().json()["status"] == "active"
    assert programme.candidate().admit().json()["status"] == "waitlist"

    assert Programme(http).candidate().admit().json()["status"] == "active"


def test_an_unknown_track_is_refused(programme: Programme) -> None:
    person = programme.candidate()

    answer = person.admit(**track("weekend"))

    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert "day or evening" in diagnostics(answer)
