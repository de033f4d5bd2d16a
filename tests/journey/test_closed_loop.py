"""Referrals out and in, from the asking to the outcome, by both parties; and what is refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from shared.care.canonical import code_system
from shared.care.referral.machine import State
from shared.care.referral.task import business_status
from tests.journey.participant import Participant
from tests.journey.referring import (
    OTHER,
    PROGRAMME,
    REFERRER,
    WHY,
    Resource,
    a_referral,
    in_a_bundle,
    moved,
    places,
    put,
    stands,
    told,
    transition,
)
from tests.services.person import Person

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs

CLINIC, CLINICIAN = "Organization/clinic", "Practitioner/tester"
SENT = State("received", "2.0")
IOP = {"coding": [{"system": code_system("programme"), "code": "iop"}]}
BSER = "http://hl7.org/fhir/us/bser/CodeSystem/TaskBusinessStatusCS"


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    headers = {"X-Stepdown-Actor": CLINICIAN}
    with httpx.Client(
        base_url=all_in_one.fhir, headers=headers, timeout=180, trust_env=False
    ) as each:
        places(each)
        for name, where in (("tester", None), ("here", "programme"), ("there", "other")):
            person = {"resourceType": "Practitioner", "id": name}
            assert each.put(f"Practitioner/{name}", json=person).is_success
            role: Resource = {"resourceType": "PractitionerRole", "id": name}
            role |= {"practitioner": {"reference": f"Practitioner/{name}"}}
            role |= {"organization": {"reference": f"Organization/{where}"}}
            assert where is None or each.put(f"PractitionerRole/{name}", json=role).is_success
        yield each


def sent(http: httpx.Client) -> Resource:
    task = a_referral(SENT)
    answer = http.put(f"Task/{task['id']}", json=task, headers={"X-Stepdown-Actor": REFERRER})
    assert answer.status_code == 201, answer.text
    return task


def updated(http: httpx.Client, task: Resource, actor: str, **changes: Any) -> httpx.Response:  # noqa: ANN401
    path = f"Task/{task['id']}"
    body = http.get(path).json() | changes
    return http.put(path, json=body, headers={"X-Stepdown-Actor": actor})


def referred(http: httpx.Client) -> tuple[Person, Resource]:
    """Somebody whom another Organization refers to the programme."""
    person = Person(http, in_care=False)
    request: Resource = {
        "resourceType": "ServiceRequest",
        "id": f"sr-{person.id}",
        "status": "active",
    }
    request |= {"intent": "order", "code": IOP, "subject": person.reference}
    focus = {"reference": f"ServiceRequest/sr-{person.id}"}
    task = a_referral(SENT) | {"for": person.reference, "focus": focus}
    in_a_bundle(http, [put(request), put(task)], REFERRER, "transaction")
    return person, task


def test_a_person_is_handed_over_by_the_whole_way(http: httpx.Client) -> None:
    person = Participant(http)
    recipient = {"name": "recipient", "valueReference": {"reference": CLINIC}}
    body = {"resourceType": "Parameters", "parameter": [recipient]}
    answer = http.post(f"EpisodeOfCare/{person.episode['id']}/$handoff", json=body)
    [task] = [e["resource"] for e in answer.json()["parameter"] if e["name"] == "task"]
    assert stands(task) == ("received", "2.0")
    visit = person.session(person.now())
    output = {"valueReference": {"reference": f"Appointment/{visit['id']}"}}

    way = [("accept", {}), ("schedule", output), ("no-show", {}), ("reschedule", output)]
    way += [("interim-consultation-note", {}), ("schedule", output), ("send-outcome", {})]
    passed = []
    for trigger, value in way:
        values = {"output": value} if value else {}
        passed.append(stands(moved(http, task, trigger, CLINIC, **values)))

    assert [code for _, code in passed] == [
        "3.0",
        "5.1.1",
        "5.1.2",
        "5.1.1",
        "5.1.4",
        "5.1.1",
        "7.0",
    ]
    closed = person.read(task)
    assert closed["status"] == "completed"
    triggers = [each["type"]["coding"][0]["code"] for each in closed["output"]]
    assert triggers == ["schedule", "reschedule", "schedule"]
    by_clinic = [e for e in person.told_of(task) if e["agent"][0]["who"] == {"reference": CLINIC}]
    assert len(by_clinic) == len(way)
    person.pass_time()
    assert person.read(person.episode)["status"] == "finished"


def test_a_referral_comes_in_and_is_withdrawn(http: httpx.Client) -> None:
    person, task = referred(http)
    episode = person.comes("EpisodeOfCare")
    assert episode["status"] == "planned"

    moved(http, task, "accept", "Practitioner/here")
    assert stands(moved(http, task, "request-cancellation", REFERRER)) == ("in-progress", "5.2")
    reason = {"valueCodeableConcept": {"text": "The person went elsewhere."}}
    ended = moved(http, task, "confirm-cancellation", PROGRAMME, statusReason=reason)
    assert stands(ended) == ("cancelled", "6.0")
    assert ended["statusReason"] == reason["valueCodeableConcept"]


def test_a_declined_person_has_a_declined_referral(http: httpx.Client) -> None:
    person, task = referred(http)
    episode = person.comes("EpisodeOfCare")
    body = {"resourceType": "Parameters", "parameter": [{"name": "reason", "valueString": "Full."}]}
    answer = http.post(f"EpisodeOfCare/{episode['id']}/$decline", json=body)

    assert answer.is_success, answer.text
    assert stands(person.read(task)) == ("rejected", "4.0")
    assert person.read(task)["statusReason"] == {"text": "Full."}


def test_a_role_elsewhere_acts_for_nobody_here(http: httpx.Client) -> None:
    task = sent(http)

    for actor in (OTHER, "Practitioner/there", REFERRER):
        refused = transition(http, task, "accept", actor)
        assert refused.status_code == 409
        assert "accept is a step of the recipient. From received 2.0" in told(refused)
    moved(http, task, "accept", "Practitioner/here")


def test_updates_are_held_to_the_table(http: httpx.Client) -> None:
    task = sent(http)
    completed = {"status": "completed", "businessStatus": business_status("7.0")}
    accepted = {"status": "accepted", "businessStatus": business_status("3.0")}

    assert updated(http, task, PROGRAMME, **completed).status_code == 409
    contradiction = updated(http, task, PROGRAMME, status="accepted")
    assert contradiction.status_code == 422
    assert "accepted 3.0" in told(contradiction)
    assert updated(http, task, REFERRER, **accepted).status_code == 409
    patch = [{"op": "replace", "path": "/status", "value": "accepted"}]
    path, headers = f"Task/{task['id']}", {"X-Stepdown-Actor": PROGRAMME}
    headers |= {"Content-Type": "application/json-patch+json"}
    assert http.patch(path, json=patch, headers=headers).status_code == 422
    patch.append({"op": "replace", "path": "/businessStatus/coding/0/code", "value": "3.0"})
    assert http.patch(path, json=patch, headers=headers).status_code == 200
    assert updated(http, task, PROGRAMME, note=[{"text": "Called."}]).status_code == 200
    assert updated(http, task, OTHER, note=[{"text": "Hm."}]).status_code == 409


def test_a_step_in_a_bundle_takes_nothing_else_along_when_it_is_refused(
    http: httpx.Client,
) -> None:
    task, note = sent(http), {"resourceType": "Basic", "id": "beside", "code": {"text": "Beside"}}
    entries = [put(note), put(task | {"status": "completed"})]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}

    assert http.post("", json=bundle, headers={"X-Stepdown-Actor": PROGRAMME}).status_code == 422
    assert http.get("Basic/beside").status_code == 404


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [("requested", "7.0", 422), ("completed", "7.0", 201), ("received", "5.4", 422)],
)
def test_the_published_example_contradicts_itself(
    http: httpx.Client, status: str, code: str, expected: int
) -> None:
    business = {"businessStatus": {"coding": [{"system": BSER, "code": code}]}}
    task = a_referral(State(status, None)) | business

    answer = http.put(f"Task/{task['id']}", json=task)

    assert answer.status_code == expected, answer.text


def test_a_reason_is_told_where_a_referral_ends(http: httpx.Client) -> None:
    task = sent(http)
    updated(http, task, PROGRAMME, statusReason={"coding": [{"code": "full"}]})

    assert transition(http, task, "decline", PROGRAMME).status_code == 422
    why = {"valueCodeableConcept": WHY}
    assert stands(moved(http, task, "decline", PROGRAMME, statusReason=why)) == ("rejected", "4.0")


def test_of_steps_at_the_same_time_one_wins(http: httpx.Client) -> None:
    task = sent(http)
    steps = [("accept", PROGRAMME), ("decline", PROGRAMME), ("request-cancellation", REFERRER)] * 3

    def take(step: tuple[str, str]) -> int:
        return transition(http, task, *step, match='W/"1"').status_code

    with ThreadPoolExecutor(9) as pool:
        answers = sorted(pool.map(take, steps))
    assert answers[0] == 200
    assert set(answers[1:]) <= {409, 412}
    assert http.get(f"Task/{task['id']}").json()["meta"]["versionId"] == "2"


def test_a_step_from_a_version_that_is_over_is_refused(http: httpx.Client) -> None:
    task = sent(http)
    moved(http, task, "accept", PROGRAMME)

    assert transition(http, task, "schedule", PROGRAMME, match='W/"1"').status_code == 412
    assert transition(http, task, "schedule", PROGRAMME, match='W/"2"').status_code == 200
