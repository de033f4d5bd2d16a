"""A packet follows what it tells, as long as its handoff is open: what is corrected amends it."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.canonical import code_system
from tests.journey.participant import Participant
from tests.journey.referring import moved
from tests.journey.test_handoff import CLINICIAN, DAY, observation
from tests.journey.test_handoff_sent import (
    LABELS,
    MARKER,
    clinic,
    handed_off,
    permit,
    protect,
    running,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

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


def on(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def name(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def medicine(person: Participant) -> Resource:
    told: Resource = {"resourceType": "MedicationRequest", "id": f"m-{uuid.uuid4()}"}
    told |= {"status": "active", "intent": "order", "requester": {"reference": CLINICIAN}}
    return told | {"medicationCodeableConcept": {"text": "Sertraline"}}


def active(kind: str) -> Resource:
    system = f"http://terminology.hl7.org/CodeSystem/{kind}-clinical"
    return {"clinicalStatus": {"coding": [{"system": system, "code": "active"}]}}


def problem(person: Participant) -> Resource:
    told: Resource = {
        "resourceType": "Condition",
        "id": f"late-{person.id}",
        "onsetDateTime": "2019",
    }
    return told | active("condition") | {"code": {"text": "Anxiety"}}


def allergy(person: Participant) -> Resource:
    told: Resource = {"resourceType": "AllergyIntolerance", "id": f"late-{person.id}"}
    told |= active("allergyintolerance") | {"code": {"text": "Penicillin"}}
    return told | {"patient": person.reference}


def session(person: Participant, start: datetime) -> Resource:
    told: Resource = {"resourceType": "Appointment", "id": f"a-{uuid.uuid4()}", "status": "booked"}
    told |= {"start": on(start), "end": on(start + timedelta(hours=1))}
    return told | {"participant": [{"actor": person.reference, "status": "accepted"}]}


def document_s(document: Resource) -> str:
    return name(document["entry"][0]["resource"])


def sections(entries: list[Resource]) -> object:
    return entries[0]["resource"]["section"], [each["fullUrl"] for each in entries]


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


def test_what_is_told_late_of_the_time_before_comes_into_the_packet(person: Participant) -> None:
    subject = {"subject": person.reference}
    yesterday, tomorrow = person.now() - DAY, person.now() + DAY
    with running(200) as partner:
        document = handed_off(person, clinic(person, partner.address))["document"]
        late = [
            observation(
                person, PHQ_9, valueQuantity={"value": 18}, effectiveDateTime=on(yesterday)
            ),
            person.put(medicine(person) | subject | {"authoredOn": on(yesterday)}),
            person.put(problem(person) | subject),
            person.put(allergy(person)),
            person.put(session(person, tomorrow) | {"created": on(yesterday)}),
        ]
        since = [
            scored(person, 7),
            person.put(session(person, tomorrow + DAY)),
            person.put(medicine(person) | subject | {"authoredOn": on(tomorrow)}),
        ]
        for _ in range(3):
            person.pass_time()

    now = inside(versions(person, document)[0])
    assert {name(each) for each in late} <= now.keys() - inside(document).keys()
    assert not {name(each) for each in since} & now.keys()
    assert "18" in numbers(now[document_s(document)])
    told = {name(each) + "/_history/1" for each in late}
    assert set().union(*causes(person, document)) == told
    sent = [body for path, body in partner.asked if "Bundle" in path]
    assert sent[-1]["entry"] == versions(person, document)[0]["entry"]


def test_what_is_told_late_and_was_a_mistake_leaves_the_packet_as_it_was(
    person: Participant,
) -> None:
    yesterday = on(person.now() - DAY)
    document = handed_off(person, clinic(person, None))["document"]
    late = observation(person, PHQ_9, valueQuantity={"value": 18}, effectiveDateTime=yesterday)
    person.pass_time()
    assert name(late) in inside(versions(person, document)[0])

    person.put(late | {"status": "entered-in-error"})
    person.pass_time()
    found = versions(person, document)[0]["entry"]
    assert sections(found) == sections(document["entry"])


def consent(person: Participant, recipient: str) -> Resource:
    permit(person, recipient)
    return person.read({"resourceType": "Consent", "id": f"c-{person.id}"})


def test_a_consent_that_comes_late_goes_or_comes_again_decides_what_the_packet_tells(
    person: Participant,
) -> None:
    protect(person)
    person.pass_time()
    with running(200) as partner:
        recipient = clinic(person, partner.address)
        document = handed_off(person, recipient)["document"]
        assert MARKER not in str(document)
        person.pass_time()

        given = consent(person, recipient)
        person.pass_time()
        permitted = versions(person, document)[0]
        assert MARKER in str(permitted)
        assert name(given) in inside(permitted)
        assert causes(person, document) == [[f"{name(given)}/_history/1"]]

        for status in ("inactive", "active"):
            person.put(given | {"status": status})
            person.pass_time()

    stood = [MARKER in str(each["entry"]) for each in reversed(versions(person, document))]
    assert stood == [False, True, False, True]
    sent = [body["entry"] for path, body in partner.asked if "Bundle" in path]
    assert [MARKER in str(each) for each in sent] == stood[1:]


def test_a_consent_that_is_deleted_takes_what_it_permitted_out(person: Participant) -> None:
    protect(person)
    recipient = clinic(person, None)
    given = consent(person, recipient)
    document = handed_off(person, recipient)["document"]
    assert MARKER in str(document)
    person.delete(given)
    person.pass_time()

    assert MARKER not in str(versions(person, document)[0])


def test_what_is_protected_afterwards_leaves_the_packet(person: Participant) -> None:
    kept, secret = scored(person, 9), scored(person, 18)
    document = handed_off(person, clinic(person, None))["document"]
    assert name(secret) in inside(document)
    person.put(secret | LABELS)
    person.pass_time()

    now = inside(versions(person, document)[0])
    assert name(secret) not in now
    assert name(kept) in now


def test_of_whom_nothing_may_be_told_any_more_the_clinician_is_asked(person: Participant) -> None:
    person.episode = person.put(person.read(person.episode) | LABELS)
    recipient = clinic(person, None)
    given = consent(person, recipient)
    document = handed_off(person, recipient)["document"]
    person.put(given | {"status": "inactive"})
    person.pass_time()

    assert len(versions(person, document)) == 1
    [task] = person.found("Task", code=REVIEW)
    assert task["focus"] == {"reference": name(document)}
    assert task["reasonReference"] == {"reference": f"{name(given)}/_history/2"}


def test_a_handoff_that_is_closed_keeps_the_packet_that_was_sent(person: Participant) -> None:
    score = scored(person, 18)
    recipient = clinic(person, None)
    yesterday = on(person.now() - DAY)
    made = handed_off(person, recipient)
    reason = {"valueCodeableConcept": {"text": "No place"}}
    moved(person.http, made["task"], "decline", recipient, statusReason=reason)
    person.put(score | {"status": "entered-in-error"})
    observation(person, PHQ_9, valueQuantity={"value": 20}, effectiveDateTime=yesterday)
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
