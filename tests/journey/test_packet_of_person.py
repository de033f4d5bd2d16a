"""A packet is of the whole person: their warnings, their goals, and all their Patients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from shared.fhir.references import Links
from tests.journey.merging import merged, parted, settled, versioned
from tests.journey.participant import Participant
from tests.journey.test_goals_measured import goal
from tests.journey.test_handoff import DAY, observation
from tests.journey.test_handoff_sent import clinic, handed_off
from tests.journey.test_packet_corrected import (
    PHQ_9,
    allergy,
    causes,
    inside,
    name,
    on,
    sections,
    versions,
)
from tests.services.person import Person

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs


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


def test_a_warning_is_of_the_time_of_the_risk_that_raised_it(person: Participant) -> None:
    document = handed_off(person, clinic(person, None))["document"]
    risk = person.put(person.risk(effectiveDateTime=on(person.now() - DAY)))
    for _ in range(3):
        person.pass_time()
    [flag] = person.found("Flag")
    assert name(flag) in inside(versions(person, document)[0])

    person.put(risk | {"status": "entered-in-error"})
    for _ in range(3):
        person.pass_time()
    assert name(flag) not in inside(versions(person, document)[0])


def test_a_goal_is_told_as_the_scores_of_before_have_it_however_late_they_come(
    person: Participant,
) -> None:
    wanted = goal(person)
    yesterday, tomorrow = on(person.now() - DAY), on(person.now() + DAY)
    document = handed_off(person, clinic(person, None))["document"]
    assert "achievementStatus" not in inside(document)[name(wanted)]

    low = observation(person, PHQ_9, valueQuantity={"value": 3}, effectiveDateTime=yesterday)
    settled(person)
    told = inside(versions(person, document)[0])[name(wanted)]
    assert told["achievementStatus"]["text"] == "achieved"

    person.put(low | {"status": "entered-in-error"})
    settled(person)
    assert "achievementStatus" not in inside(versions(person, document)[0])[name(wanted)]

    # What comes after the handoff only goes on.
    observation(person, PHQ_9, valueQuantity={"value": 3}, effectiveDateTime=tomorrow)
    settled(person)
    assert person.read(wanted)["achievementStatus"]["text"] == "achieved"
    assert "achievementStatus" not in inside(versions(person, document)[0])[name(wanted)]


def test_a_packet_tells_what_is_known_of_both_patients_of_a_person(person: Participant) -> None:
    old = Person(person.http, in_care=False)
    theirs = person.put(allergy(person) | {"patient": old.reference})
    yesterday = on(person.now() - DAY)
    document = handed_off(person, clinic(person, None))["document"]
    assert name(theirs) not in inside(document)

    link = merged(old, person)
    settled(person)
    assert {name(theirs), f"Patient/{old.id}"} <= inside(versions(person, document)[0]).keys()
    assert versioned(link) in causes(person, document)[0]
    later = observation(
        person, PHQ_9, subject=old.reference, valueInteger=3, effectiveDateTime=yesterday
    )
    settled(person)
    assert name(later) in inside(versions(person, document)[0])

    parted(old)
    settled(person)
    now = versions(person, document)[0]
    assert sections(now["entry"]) == sections(document["entry"])
    merged(old, person)
    settled(person)
    assert {name(theirs), name(later)} <= inside(versions(person, document)[0]).keys()


def test_who_is_one_person_is_handed_over_with_all_that_is_theirs(person: Participant) -> None:
    old = Person(person.http, in_care=False)
    theirs = person.put(allergy(person) | {"patient": old.reference})
    nobody_s = Person(person.http, in_care=False)
    others = person.put(allergy(person) | {"id": nobody_s.id, "patient": nobody_s.reference})
    merged(old, person)
    document = handed_off(person, clinic(person, None))["document"]

    assert name(theirs) in inside(document)
    assert name(others) not in inside(document)
    for each in document["entry"]:
        assert {"/".join(e) for e in Links(each["resource"]).local_targets()} <= inside(
            document
        ).keys()
