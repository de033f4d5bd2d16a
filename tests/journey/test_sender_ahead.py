"""A hospital whose clock runs ahead of ours: what follows its notice is not refused for that."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.journey.candidate import Candidate
from tests.journey.hospital import Hospital

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs


@pytest.fixture(scope="module")
def http(stack: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.fhir, timeout=180, trust_env=False) as each:
        yield each


@pytest.fixture
def person(http: httpx.Client) -> Candidate:
    """Somebody of whom a notice tells that was made a day after it came."""
    hospital = Hospital(http)
    message = hospital.discharged()
    ahead = hospital.now() + timedelta(days=1)
    message["timestamp"] = ahead.isoformat(timespec="milliseconds")
    hospital.send(message)
    found = Candidate(http)
    found.id = hospital.patient.removeprefix("Patient/")
    [found.episode] = found.found("EpisodeOfCare")
    return found


def test_they_are_admitted(person: Candidate) -> None:
    person.judge_all()

    answer = person.admit()

    assert answer.status_code == 200, answer.text
    begun = [each["period"]["start"] for each in answer.json()["statusHistory"]]
    assert begun[0] == begun[1] == answer.json()["period"]["start"]
    [review] = [each for each in person.found("Task") if each.get("status") == "accepted"]
    assert review["lastModified"] == review["authoredOn"]


def test_they_are_declined(person: Candidate) -> None:
    answer = person.decline(reason="Lives too far away.")

    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")


def test_their_death_ends_what_is_open(person: Candidate) -> None:
    patient = person.read({"resourceType": "Patient", "id": person.id})
    person.put(patient | {"deceasedBoolean": True})
    person.pass_time()

    assert person.read(person.episode)["status"] == "cancelled"
    assert not [each for each in person.found("Task") if each["status"] == "requested"]
