"""A plan of its own goes on after the programme: drafted with the handoff, in force at the end."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.aftercare import CRITERION
from shared.care.canonical import code_system
from shared.care.consent import SCOPE
from tests.journey.participant import Participant
from tests.journey.referring import moved, places
from tests.journey.test_referral_deadlines import handed_off

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs
    from tests.services.person import Resource

DAY = timedelta(days=1)
CLINIC = "Organization/clinic"
AFTERCARE = {"system": code_system("document-section"), "code": "aftercare-plan"}


@pytest.fixture(scope="module")
def http(stack: Programs) -> Iterator[httpx.Client]:
    headers = {"X-Stepdown-Actor": "Practitioner/tester"}
    with httpx.Client(base_url=stack.fhir, headers=headers, timeout=180, trust_env=False) as each:
        each.put("Practitioner/tester", json={"resourceType": "Practitioner", "id": "tester"})
        places(each)
        yield each


@pytest.fixture
def person(http: httpx.Client) -> Iterator[Participant]:
    person = Participant(http)
    yield person
    person.put(person.read({"resourceType": "Patient", "id": person.id}) | DEAD)


DEAD = {"deceasedBoolean": True}


def plans(person: Participant) -> list[Resource]:
    found = person.found("CarePlan", category=CRITERION[1])
    return sorted(found, key=lambda each: str(each["created"]))


def taken_over(person: Participant) -> Resource:
    """Hand over, and let the clinic close the handoff."""
    task = handed_off(person)
    for trigger in ("accept", "schedule", "send-outcome"):
        moved(person.http, task, trigger, CLINIC)
    person.pass_time()
    return task


def a_consent(person: Participant, status: str) -> Resource:
    coding = {"system": SCOPE, "code": "treatment"}
    category = {"system": "http://loinc.org", "code": "59284-0"}
    return {
        "resourceType": "Consent",
        "id": f"c-{person.id}",
        "status": status,
        "scope": {"coding": [coding]},
        "category": [{"coding": [category]}],
        "patient": person.reference,
        "policyRule": {"text": "Consent to treatment"},
        "provision": {"type": "permit"},
    }


def test_it_goes_along_as_a_draft_and_is_in_force_for_its_days(person: Participant) -> None:
    task = handed_off(person)
    [draft] = plans(person)
    assert (draft["status"], draft["intent"]) == ("draft", "plan")
    [_, document] = packet(person, task)
    [plan_of_care] = [e for e in document["section"] if e["title"] == "Plan of care"]
    parts = {each["code"]["coding"][0]["code"]: each for each in plan_of_care["section"]}
    assert parts[AFTERCARE["code"]]["entry"] == [{"reference": f"CarePlan/{draft['id']}"}]

    for trigger in ("accept", "schedule", "send-outcome"):
        moved(person.http, task, trigger, CLINIC)
    person.pass_time()
    [active] = plans(person)
    assert active["status"] == "active"
    said = [str(each["agent"]) for each in person.told_of(active)]
    assert any("aftercare-follows-the-programme|1.0" in each for each in said)

    person.pass_time(31 * DAY)
    measures = [each for each in person.measures() if each["status"] == "requested"]
    assert [each["basedOn"] for each in measures] == [[{"reference": f"CarePlan/{active['id']}"}]]
    person.put(person.read(task) | {"note": [{"text": "Went well."}]})
    person.pass_time(140 * DAY)
    assert plans(person) == [active]
    person.pass_time(11 * DAY)
    assert [each["status"] for each in plans(person)] == ["completed"]


def packet(person: Participant, task: Resource) -> tuple[Resource, Resource]:
    """The document that a handoff sent, and its Composition."""
    [summary] = person.found("DocumentReference")
    document = person.http.get(summary["content"][0]["attachment"]["url"]).json()
    assert task["input"][0]["valueReference"]["reference"].endswith(summary["id"])
    return document, document["entry"][0]["resource"]


def test_each_handoff_has_its_own_and_one_that_is_declined_ends_it(person: Participant) -> None:
    task = handed_off(person)
    why = {"valueCodeableConcept": {"text": "No room."}}
    moved(person.http, task, "decline", CLINIC, statusReason=why)
    person.pass_time()
    assert [each["status"] for each in plans(person)] == ["revoked"]

    taken_over(person)
    assert [each["status"] for each in plans(person)] == ["revoked", "active"]


def test_a_death_ends_it_and_one_told_in_error_lets_it_go_on(person: Participant) -> None:
    taken_over(person)
    [active] = plans(person)
    patient = person.read(person_of(person))
    person.put(patient | DEAD)
    person.pass_time()
    assert [each["status"] for each in plans(person)] == ["revoked"]

    alive = {name: value for name, value in person.read(patient).items() if name not in DEAD}
    person.put(alive)
    person.pass_time()
    [again] = plans(person)
    assert again | {"meta": None} == active | {"meta": None}


def person_of(person: Participant) -> Resource:
    return {"resourceType": "Patient", "id": person.id}


def test_who_takes_back_their_consent_is_asked_no_more(person: Participant) -> None:
    person.put(a_consent(person, "active"))
    taken_over(person)
    person.pass_time(31 * DAY)
    assert [each["status"] for each in person.measures()][-1] == "requested"
    person.put(a_consent(person, "inactive"))
    person.pass_time()

    assert [each["status"] for each in plans(person)] == ["revoked"]
    assert [each["status"] for each in person.measures()][-1] == "cancelled"
    person.put(a_consent(person, "active"))
    person.pass_time()
    assert [each["status"] for each in plans(person)] == ["active"]
    assert [each["status"] for each in person.measures()][-1] == "requested"


def test_a_consent_that_is_deleted_or_turns_out_to_be_another_s_counts_no_more(
    person: Participant,
) -> None:
    other = Participant(person.http)
    given = person.put(a_consent(person, "active"))
    refused = a_consent(person, "inactive") | {"id": f"r-{person.id}"}
    person.put(refused | {"patient": other.reference})
    taken_over(person)
    assert [each["status"] for each in plans(person)] == ["active"]

    refused = person.put(refused)
    person.pass_time()
    person.delete(given)
    person.pass_time()
    assert [each["status"] for each in plans(person)] == ["revoked"]

    person.put(refused | {"patient": other.reference})
    person.pass_time()
    assert [each["status"] for each in plans(person)] == ["active"]
    other.leaves()


def test_what_people_decide_on_it_stands(person: Participant) -> None:
    taken_over(person)
    [active] = plans(person)
    person.put(active | {"status": "revoked"})
    person.put(a_consent(person, "active"))
    person.pass_time(31 * DAY)

    assert [each["status"] for each in plans(person)] == ["revoked"]
    assert all(each["status"] != "requested" for each in person.measures())
