"""Whether a death comes first or what it ends: nothing is sent to the dead, or booked for them."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.journey.merging import settled
from tests.journey.participant import Participant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs
    from tests.services.person import Resource

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=all_in_one.fhir, timeout=180, trust_env=False) as each:
        yield each


@pytest.fixture
def person(http: httpx.Client) -> Iterator[Participant]:
    person = Participant(http)
    yield person
    person.leaves()


def dies(person: Participant, **told: object) -> None:
    person.put({"resourceType": "Patient", "id": person.id, **(told or {"deceasedBoolean": True})})
    settled(person)


def message(person: Participant, kind: str, status: str, **whose: object) -> Resource:
    logical_id = f"m-{uuid.uuid4()}"
    return person.put({"resourceType": kind, "id": logical_id, "status": status, **whose})


def relative(person: Participant) -> Resource:
    logical_id = f"r-{uuid.uuid4()}"
    person.put({"resourceType": "RelatedPerson", "id": logical_id, "patient": person.reference})
    return {"reference": f"RelatedPerson/{logical_id}"}


@pytest.mark.parametrize("is_first", [True, False])
def test_nothing_is_sent_to_the_dead_whichever_is_told_first(
    person: Participant, *, is_first: bool
) -> None:
    other = Participant(person.http)
    if is_first:
        dies(person)
    about, alone = {"subject": person.reference}, {"recipient": [person.reference]}
    both = {"recipient": [person.reference, other.reference]}
    written = [
        message(person, "CommunicationRequest", "active", **about),
        message(person, "CommunicationRequest", "active", **alone),
        message(person, "Communication", "preparation", **about, **alone),
        message(person, "CommunicationRequest", "active", **both),
        message(person, "CommunicationRequest", "active", subject=other.reference),
    ]
    dies(person)
    found = [person.read(each)["status"] for each in written]
    assert found == ["revoked", "revoked", "stopped", "active", "active"]
    other.leaves()

    person.put({"resourceType": "Patient", "id": person.id})
    settled(person)
    found = [person.read(each)["status"] for each in written]
    assert found == ["active", "active", "preparation", "active", "active"]


def test_others_may_be_written_to_of_who_has_died(person: Participant) -> None:
    whom = relative(person)
    dies(person)
    told = message(
        person, "CommunicationRequest", "active", subject=person.reference, recipient=[whom]
    )
    settled(person)
    assert person.read(told)["status"] == "active"


def test_nothing_is_booked_for_the_dead(person: Participant) -> None:
    other = Participant(person.http)
    dies(person)
    ahead = person.now() + timedelta(days=3)
    booked, others = person.session(ahead), other.session(ahead)
    settled(person)
    assert (person.read(booked)["status"], person.read(others)["status"]) == ("cancelled", "booked")
    other.leaves()

    person.put({"resourceType": "Patient", "id": person.id})
    settled(person)
    assert person.read(booked)["status"] == "booked"


def test_a_session_that_had_begun_before_the_death_stands(person: Participant) -> None:
    now = person.now()
    before, after, ahead = (
        person.session(now + each) for each in (-timedelta(days=2), -timedelta(hours=5), 3 * DAY)
    )
    came = person.put(person.session(now - timedelta(days=1)) | {"status": "arrived"})
    dies(person, deceasedDateTime=(now - timedelta(hours=8)).isoformat())
    statuses = [person.read(each)["status"] for each in (before, came, after, ahead)]
    assert statuses == ["booked", "arrived", "cancelled", "cancelled"]
