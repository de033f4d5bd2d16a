"""A death that was told in error: what it had ended goes on, or is proposed again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.canonical import code_system
from tests.journey.merging import settled, sources, versioned
from tests.journey.participant import Participant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs
    from tests.services.person import Resource


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    headers = {"X-Stepdown-Actor": "Practitioner/tester"}
    with httpx.Client(
        base_url=all_in_one.fhir, headers=headers, timeout=180, trust_env=False
    ) as each:
        yield each


@pytest.fixture
def person(http: httpx.Client) -> Iterator[Participant]:
    person = Participant(http)
    yield person
    person.leaves()


def of(person: Participant, **changes: object) -> Resource:
    return person.put({"resourceType": "Patient", "id": person.id, **changes})


def reviews(person: Participant) -> list[Resource]:
    return person.found("Task", code=f"{code_system('task')}|correction-review")


def test_what_a_death_ended_goes_on_when_it_was_an_error(person: Participant) -> None:
    booked = person.session(person.now() + timedelta(days=3))
    message = person.put(
        {
            "resourceType": "CommunicationRequest",
            "id": f"c-{person.id}",
            "status": "on-hold",
            "subject": person.reference,
        }
    )
    settled(person)
    of(person, deceasedBoolean=True)
    settled(person)
    assert person.read(person.episode)["status"] == "finished"
    assert {each["status"] for each in person.measures()} == {"cancelled"}
    assert person.read(booked)["status"] == "cancelled"
    assert person.read(message)["status"] == "revoked"

    undone = of(person)
    settled(person)
    episode = person.read(person.episode)
    assert (episode["status"], "end" in episode.get("period", {})) == ("active", False)
    assert [each["status"] for each in episode["statusHistory"]][-2:] == ["finished", "active"]
    assert {each["status"] for each in person.measures()} == {"requested"}
    assert (person.read(booked)["status"], person.read(message)["status"]) == (
        "proposed",
        "on-hold",
    )
    assert versioned(undone) in sources(person, episode)
    [review] = reviews(person)
    assert review["focus"] == {"reference": f"EpisodeOfCare/{episode['id']}"}

    of(person, active=True)
    settled(person)
    assert (person.read(episode), reviews(person)) == (episode, [review])


def test_what_people_had_ended_stays_ended(person: Participant) -> None:
    person.becomes("finished")
    settled(person)
    of(person, deceasedBoolean=True)
    settled(person)
    of(person)
    settled(person)

    assert person.read(person.episode)["status"] == "finished"
    assert reviews(person) == []
