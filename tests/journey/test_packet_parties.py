"""A packet says who somebody is and where they are reached: as it stands, while it is open."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.canonical import profile
from tests.journey.merging import settled, versioned
from tests.journey.participant import Participant
from tests.journey.referring import moved
from tests.journey.test_handoff import observation
from tests.journey.test_handoff_sent import clinic, handed_off, running
from tests.journey.test_packet_corrected import (
    PHQ_9,
    REVIEW,
    causes,
    inside,
    name,
    scored,
    versions,
)

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
        told = {"resourceType": "Practitioner", "id": "tester"}
        assert each.put("Practitioner/tester", json=told).is_success
        yield each


@pytest.fixture
def person(http: httpx.Client) -> Iterator[Participant]:
    person = Participant(http)
    yield person
    person.leaves()


def patient(person: Participant, **changes: object) -> Resource:
    return person.put({"resourceType": "Patient", "id": person.id} | changes)


def party(person: Participant, kind: str, **changes: object) -> Resource:
    return person.put({"resourceType": kind, "id": f"x-{uuid.uuid4()}"} | changes)


def of(person: Participant, **changes: object) -> None:
    """Change the episode."""
    person.episode = person.put(person.read(person.episode) | changes)


def test_a_wrong_birth_date_is_put_right_in_the_packet_and_sent_once(person: Participant) -> None:
    patient(person, birthDate="1991-03-05")
    with running(200) as partner:
        document = handed_off(person, clinic(person, partner.address))["document"]
        right = patient(person, birthDate="1991-05-03")
        settled(person)

    [amended, first] = versions(person, document)
    told = [inside(each)[f"Patient/{person.id}"]["birthDate"] for each in (first, amended)]
    assert told == ["1991-03-05", "1991-05-03"]
    assert causes(person, document) == [[versioned(right)]]
    sent = [body["entry"] for path, body in partner.asked if "Bundle" in path]
    assert sent == [amended["entry"]]


def test_who_moves_while_they_wait_for_the_clinic_is_found_at_their_new_address(
    person: Participant,
) -> None:
    patient(person, telecom=[{"system": "phone", "value": "555-0100"}])
    recipient = clinic(person, None)
    made = handed_off(person, recipient)
    patient(person, telecom=[{"system": "phone", "value": "555-0199"}])
    settled(person)
    now = versions(person, made["document"])
    assert inside(now[0])[f"Patient/{person.id}"]["telecom"][0]["value"] == "555-0199"

    # What was closed stays as it was sent.
    reason = {"valueCodeableConcept": {"text": "No place"}}
    moved(person.http, made["task"], "decline", recipient, statusReason=reason)
    patient(person, telecom=[{"system": "phone", "value": "555-0155"}])
    settled(person)
    assert versions(person, made["document"]) == now


def test_a_party_that_is_named_is_told_as_it_stands_and_another_one_changes_nothing(
    person: Participant,
) -> None:
    programme = party(person, "Organization", name="The progamme")
    prescriber = party(person, "Practitioner", name=[{"family": "Maier"}])
    stranger = party(person, "Practitioner", name=[{"family": "Schmidt"}])
    of(person, managingOrganization={"reference": name(programme)})
    medicine = {"status": "active", "intent": "order", "requester": {"reference": name(prescriber)}}
    drug = {"medicationCodeableConcept": {"text": "Sertraline"}, "subject": person.reference}
    party(person, "MedicationRequest", **medicine, **drug)
    document = handed_off(person, clinic(person, None))["document"]

    person.put(stranger | {"name": [{"family": "Schmitt"}]})
    settled(person)
    assert len(versions(person, document)) == 1

    right = person.put(programme | {"name": "The programme"})
    settled(person)
    meier = person.put(prescriber | {"name": [{"family": "Meyer"}]})
    settled(person)
    now = inside(versions(person, document)[0])
    assert now[name(programme)]["name"] == "The programme"
    assert now[name(prescriber)]["name"] == [{"family": "Meyer"}]
    assert causes(person, document) == sorted([[versioned(right)], [versioned(meier)]])


def test_a_programme_that_turns_out_to_be_under_part_2_tells_nothing_without_a_consent(
    person: Participant,
) -> None:
    programme = party(person, "Organization", name="The programme")
    of(person, managingOrganization={"reference": name(programme)})
    document = handed_off(person, clinic(person, None))["document"]
    flag = {"url": profile("part-2-programme"), "valueBoolean": True}
    person.put(programme | {"extension": [flag]})
    settled(person)

    [task] = person.found("Task", code=REVIEW)
    assert task["focus"] == {"reference": name(document)}
    assert len(versions(person, document)) == 1


def test_an_episode_is_told_as_it_went_by_the_facts_that_stand(person: Participant) -> None:
    of(person, period={"start": "2026-01-05"})
    score = scored(person, 18)
    document = handed_off(person, clinic(person, None))["document"]
    episode = name(person.episode)
    of(person, period={"start": "2026-01-08"})
    right = person.episode
    settled(person)
    told = inside(versions(person, document)[0])[episode]
    assert (told["status"], told["period"]) == ("active", {"start": "2026-01-08"})
    assert causes(person, document) == [[versioned(right)]]

    of(person, status="onhold")
    settled(person)
    assert len(versions(person, document)) == 2
    person.put(score | {"status": "entered-in-error"})
    settled(person)
    told = inside(versions(person, document)[0])[episode]
    assert (told["status"], told["period"]) == ("active", {"start": "2026-01-08"})


def test_the_answers_behind_a_score_follow_when_they_are_amended_and_not_when_they_go_on(
    person: Participant,
) -> None:
    answers: Resource = {"status": "completed", "subject": person.reference, "item": []}
    answers["item"] = [{"linkId": "why", "answer": [{"valueString": "Tired"}]}]
    given = party(person, "QuestionnaireResponse", **answers)
    going = party(person, "QuestionnaireResponse", **answers, author=person.reference)
    for each in (given, going):
        derived = [{"reference": name(each)}]
        observation(person, PHQ_9, valueQuantity={"value": 9}, derivedFrom=derived)
    document = handed_off(person, clinic(person, None))["document"]
    assert {name(given), name(going)} <= inside(document).keys()
    item = [{"linkId": "why", "answer": [{"valueString": "Sad"}]}]
    amended = person.put(given | {"status": "amended", "item": item})
    person.put({k: v for k, v in going.items() if k != "author"})
    settled(person)

    now = inside(versions(person, document)[0])
    assert now[name(given)]["item"] == item
    assert now[name(going)]["meta"] == going["meta"]
    assert causes(person, document) == [[versioned(amended)]]
