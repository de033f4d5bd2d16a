"""A packet follows what it tells, as long as its handoff is open: what is corrected amends it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.canonical import code_system
from tests.journey.participant import Participant
from tests.journey.referring import moved
from tests.journey.test_handoff import observation
from tests.journey.test_handoff_sent import clinic, handed_off, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs
    from tests.services.person import Resource

PHQ_9 = {"system": "http://loinc.org", "code": "44261-6"}
REVIEW = f"{code_system('task')}|correction-review"


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


def scored(person: Participant, value: int) -> Resource:
    return observation(person, PHQ_9, valueQuantity={"value": value})


def versions(person: Participant, document: Resource) -> list[Resource]:
    """All versions of a document, the last one first."""
    answer = person.http.get(f"Bundle/{document['id']}/_history")
    assert answer.is_success, answer.text
    return [each["resource"] for each in answer.json()["entry"]]


def inside(document: Resource) -> dict[str, Resource]:
    resources = (each["resource"] for each in document["entry"])
    return {f"{each['resourceType']}/{each['id']}": each for each in resources}


def numbers(composition: Resource) -> set[str]:
    """The numbers that a summary tells, but for those of days and times."""
    told = re.sub(r"\d{4}-\d\d-\d\d( \d\d:\d\d)?", "", composition["text"]["div"])
    return set(re.findall(r"\b\d+\b", told))


def causes(person: Participant, document: Resource) -> list[list[str]]:
    """What each amendment by the policy says it was because of."""
    found = [e for e in person.told_of(document) if "packet-follows-its-evidence" in str(e)]
    return sorted([what["what"]["reference"] for what in each["entity"]] for each in found)


def test_what_is_corrected_amends_the_packet_and_is_sent_once(person: Participant) -> None:
    wrong, kept = scored(person, 18), scored(person, 9)
    name = f"Observation/{wrong['id']}"
    with running(200) as partner:
        made = handed_off(person, clinic(person, partner.address))
        document = made["document"]
        assert name in inside(document)
        person.pass_time()

        # That things go on is no correction.
        person.put(person.read(kept) | {"note": [{"text": "Seen."}]})
        scored(person, 7)
        person.pass_time()
        assert len(versions(person, document)) == 1

        person.put(wrong | {"status": "entered-in-error"})
        person.pass_time()
        person.pass_time()

    [amended, first] = versions(person, document)
    assert first["entry"] == document["entry"]
    assert set(inside(first)) - set(inside(amended)) == {name}
    composition = amended["entry"][0]["resource"]
    assert (composition["status"], composition["date"]) == (
        "amended",
        document["entry"][0]["resource"]["date"],
    )
    assert "18" not in numbers(composition)
    assert causes(person, document) == [[f"{name}/_history/2"]]
    sent = [body for path, body in partner.asked if "Bundle" in path]
    assert [each["entry"] for each in sent] == [amended["entry"]]


def test_a_correction_that_is_taken_back_brings_it_back(person: Participant) -> None:
    score = scored(person, 18)
    document = handed_off(person, clinic(person, None))["document"]
    for status in ("entered-in-error", "final"):
        person.put(score | {"status": status})
        person.pass_time()

    found = versions(person, document)
    assert len(found) == 3
    told = found[0]["entry"][0]["resource"]["section"]
    assert told == document["entry"][0]["resource"]["section"]


def test_several_corrections_at_once_are_all_in_the_last_version(person: Participant) -> None:
    scores = [scored(person, value) for value in (20, 15, 10)]
    document = handed_off(person, clinic(person, None))["document"]
    for each in scores[1:]:
        person.put(each | {"status": "amended", "valueQuantity": {"value": 3}})
    person.delete(scores[0])
    person.pass_time()

    now = inside(versions(person, document)[0])
    assert f"Observation/{scores[0]['id']}" not in now
    values = [now[f"Observation/{each['id']}"]["valueQuantity"]["value"] for each in scores[1:]]
    assert values == [3, 3]


def test_a_handoff_that_is_closed_keeps_the_packet_that_was_sent(person: Participant) -> None:
    score = scored(person, 18)
    recipient = clinic(person, None)
    made = handed_off(person, recipient)
    reason = {"valueCodeableConcept": {"text": "No place"}}
    moved(person.http, made["task"], "decline", recipient, statusReason=reason)
    person.put(score | {"status": "entered-in-error"})
    person.pass_time()

    assert len(versions(person, made["document"])) == 1


def test_who_worded_a_packet_themselves_is_asked_once(person: Participant) -> None:
    score = scored(person, 18)
    document = handed_off(person, clinic(person, None))["document"]
    [first, *others] = document["entry"]
    title = first["resource"] | {"title": "In my own words"}
    worded = person.put(document | {"entry": [first | {"resource": title}, *others]})
    for value in (17, 16):
        changed = {"status": "amended", "valueQuantity": {"value": value}}
        person.put(score | changed)
        person.pass_time()

    assert versions(person, document)[0]["entry"] == worded["entry"]
    [task] = person.found("Task", code=REVIEW)
    assert task["focus"] == {"reference": f"Bundle/{document['id']}"}
    assert task["owner"] == {"reference": "Practitioner/tester"}
