"""A packet follows what is told late of the time before: answers, and visits with their clocks."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.canonical import code_system
from tests.journey.answering import PHQ_9, response
from tests.journey.participant import Participant
from tests.journey.test_handoff import DAY
from tests.journey.test_handoff_sent import clinic, handed_off
from tests.journey.test_packet_corrected import (
    causes,
    document_s,
    inside,
    name,
    numbers,
    on,
    session,
    versions,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tests.programs import Programs
    from tests.services.person import Resource


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    headers = {"X-Stepdown-Actor": "Practitioner/tester"}
    with httpx.Client(
        base_url=all_in_one.fhir, headers=headers, timeout=180, trust_env=False
    ) as each:
        told = {"resourceType": "Practitioner", "id": "tester"}
        assert each.put("Practitioner/tester", json=told).is_success
        yield each


@pytest.fixture
def person(http: httpx.Client) -> Iterator[Participant]:
    person = Participant(http)
    yield person
    person.leaves()


def test_answers_that_were_completed_since_are_there_with_their_score(
    person: Participant,
) -> None:
    yesterday = on(person.now() - DAY)
    given = response("phq-9", person.reference, yesterday, dict.fromkeys(PHQ_9, 2))
    begun = given | {"status": "in-progress", "item": given["item"][:1]}
    answers = person.put(begun | {"id": f"q-{person.id}"})
    document = handed_off(person, clinic(person, None))["document"]
    person.put(answers | {"status": "completed", "item": given["item"]})
    for _ in range(2):
        person.pass_time()

    now = inside(versions(person, document)[0])
    assert (now[name(answers)]["status"], now[name(answers)]["item"]) == (
        "completed",
        given["item"],
    )
    assert "18" in numbers(now[document_s(document)])


def attended(person: Participant, start: datetime) -> Resource:
    """A session that somebody came to, told now."""
    booked = person.put(session(person, start) | {"status": "fulfilled"})
    act_code = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
    told: Resource = {"resourceType": "Encounter", "id": f"v-{uuid.uuid4()}", "status": "finished"}
    told |= {"class": {"system": act_code, "code": "AMB"}, "subject": person.reference}
    told["period"] = {"start": booked["start"], "end": booked["end"]}
    return person.put(told | {"appointment": [{"reference": name(booked)}]})


def begun_with(person: Participant) -> set[str]:
    """What the aftercare clocks that run began with."""
    codes = ",".join(f"{code_system('clock')}|aftercare-{days}d" for days in (7, 30))
    clocks = person.found("Task", code=codes, status="requested")
    assert len(clocks) == 2
    return {each["focus"]["reference"] for each in clocks}


def test_the_clocks_begin_with_the_last_visit_though_it_is_told_late_or_a_mistake(
    person: Participant,
) -> None:
    first = attended(person, person.now() - 3 * DAY)
    document = handed_off(person, clinic(person, None))["document"]
    assert begun_with(person) == {name(first)}

    earlier, later = (attended(person, person.now() - days * DAY) for days in (5, 2))
    person.pass_time()
    assert begun_with(person) == {name(later)}
    assert {name(earlier), name(later)} & inside(versions(person, document)[0]).keys() == {
        name(later)
    }

    mistake = person.put(later | {"status": "entered-in-error"})
    person.pass_time()
    assert begun_with(person) == {name(first)}
    [clock] = person.found("Task", code=f"{code_system('clock')}|aftercare-7d")
    version = f"{name(mistake)}/_history/{mistake['meta']['versionId']}"
    assert any(version in each for each in causes(person, clock))

    for each in (first, earlier):
        person.put(each | {"status": "entered-in-error"})
    person.pass_time()
    assert begun_with(person) == {name(person.episode)}
