"""A person is handed over to aftercare: the document, the referral, the Task and its clocks."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from fhir.resources.R4B.bundle import Bundle

from shared.care.canonical import code_system
from shared.care.referral.task import business_status
from shared.fhir.references import Links
from shared.fhir.validation import validate
from tests.journey.participant import Participant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs
    from tests.services.person import Resource

DAY = timedelta(days=1)
CLINICIAN = "Practitioner/tester"
SECTIONS = [
    "42348-3", "48765-2", "behavioral-health-summary", "47420-5", "11369-6", "69730-0", "46264-8",
    "10160-0", "18776-5", "11450-4", "47519-4", "42349-1", "30954-2", "29762-2", "8716-3",
]  # fmt: skip


@pytest.fixture(scope="module")
def http(stack: Programs) -> Iterator[httpx.Client]:
    headers = {"X-Stepdown-Actor": CLINICIAN}
    with httpx.Client(base_url=stack.fhir, headers=headers, timeout=180, trust_env=False) as each:
        for resource in (
            {"resourceType": "Practitioner", "id": "tester", "name": [{"family": "Meyer"}]},
            {"resourceType": "Practitioner", "id": "there"},
            {"resourceType": "Organization", "id": "clinic", "name": "Aftercare"},
            {"resourceType": "Organization", "id": "other", "name": "Another clinic"},
        ):
            path = f"{resource['resourceType']}/{resource['id']}"
            assert each.put(path, json=resource).is_success
        yield each


@pytest.fixture
def person(http: httpx.Client) -> Iterator[Participant]:
    person = Participant(http)
    person.put({"resourceType": "Organization", "id": "programme", "name": "The programme"})
    managed = {"managingOrganization": {"reference": "Organization/programme"}}
    person.episode = person.put(person.episode | managed)
    yield person
    person.leaves()


def asked(recipient: str = "Organization/clinic", reason: str | None = None) -> dict[str, Any]:
    told: list[dict[str, Any]] = [{"name": "recipient", "valueReference": {"reference": recipient}}]
    if reason is not None:
        told.append({"name": "reason", "valueString": reason})
    return {"resourceType": "Parameters", "parameter": told}


def hand_off(person: Participant, body: object = None, **headers: str) -> httpx.Response:
    path = f"EpisodeOfCare/{person.episode['id']}/$handoff"
    return person.http.post(path, json=asked() if body is None else body, headers=headers)


def handed_off(person: Participant, body: object = None) -> dict[str, Resource]:
    answer = hand_off(person, body)
    assert answer.status_code == 200, answer.text
    return {each["name"]: each["resource"] for each in answer.json()["parameter"]}


def step(person: Participant, task: Resource, actor: str, **changes: object) -> httpx.Response:
    path = f"Task/{task['id']}"
    now = person.http.get(path).json()
    return person.http.put(path, json=now | changes, headers={"X-Stepdown-Actor": actor})


def clocks(person: Participant) -> list[Resource]:
    found = person.found("Task", code=f"{code_system('clock')}|")
    return sorted(found, key=lambda each: str(each["restriction"]["period"]["end"]))


def counts(person: Participant) -> dict[str, int]:
    """Count what a handoff makes; measures are asked for at their own time."""
    tasks = [each for each in person.found("Task") if "Questionnaire" not in str(each["focus"])]
    others = ("ServiceRequest", "DocumentReference")
    return {"Task": len(tasks)} | {name: len(person.found(name)) for name in others}


def observation(person: Participant, code: dict[str, str], **changes: object) -> Resource:
    survey = {"system": "http://terminology.hl7.org/CodeSystem/observation-category"}
    return person.put(
        {
            "resourceType": "Observation",
            "id": f"o-{uuid.uuid4()}",
            "status": "final",
            "category": [{"coding": [survey | {"code": "survey"}]}],
            "code": {"coding": [code], "text": "PHQ-9 <total> & score"},
            "subject": person.reference,
            "effectiveDateTime": person.now().isoformat(timespec="milliseconds"),
            **changes,
        }
    )


def lived(person: Participant) -> None:
    """Have something in most sections, and somebody else around."""
    subject = {"subject": person.reference}
    tester = {"reference": CLINICIAN}
    clinical = "http://terminology.hl7.org/CodeSystem/condition-clinical"
    active = {"coding": [{"system": clinical, "code": "active"}]}
    condition = {"resourceType": "Condition", "id": f"c-{person.id}", "clinicalStatus": active}
    person.put(condition | subject | {"code": {"text": "Depression"}, "recorder": tester})
    medicine: Resource = {"resourceType": "MedicationRequest", "id": f"m-{person.id}"}
    medicine |= {"status": "active", "intent": "order", "requester": tester} | subject
    person.put(medicine | {"medicationCodeableConcept": {"text": "Sertraline"}})
    group: Resource = {"resourceType": "Group", "id": f"g-{person.id}", "type": "person"}
    other = Participant(person.http)
    members = [{"entity": each.reference} for each in (person, other)]
    person.put(group | {"actual": True, "member": members})
    goal = {"resourceType": "Goal", "id": f"goal-{person.id}", "lifecycleStatus": "active"}
    person.put(goal | subject | {"description": {"text": "Sleep through the night"}})
    plan: Resource = {"resourceType": "CarePlan", "id": f"plan-{person.id}", "status": "active"}
    plan |= {"intent": "plan", "goal": [{"reference": f"Goal/goal-{person.id}"}]} | subject
    person.put(plan | {"title": "Plan", "addresses": [{"reference": f"Condition/c-{person.id}"}]})
    first = observation(
        person,
        {"system": "http://loinc.org", "code": "44261-6"},
        valueQuantity={"value": 17, "unit": "{score}"},
    )
    observation(
        person,
        {"system": code_system("measure"), "code": "phq-9-change"},
        valueCodeableConcept={"text": "Response"},
        derivedFrom=[{"reference": f"Observation/{first['id']}/_history/1"}],
        focus=[{"reference": f"Group/g-{person.id}"}],
    )
    person.attends(person.session(person.now() - DAY))
    person.session(person.now() + DAY)
    person.pass_time()


def test_the_document_holds_every_section_and_resolves_every_reference(
    person: Participant,
) -> None:
    lived(person)
    document = handed_off(person, asked(reason="She goes back to work."))["document"]

    assert validate(document) == []
    assert Bundle.model_validate(document).type == "document"
    composition = document["entry"][0]["resource"]
    assert composition["type"]["coding"][0]["code"] == "18761-7"
    assert composition["author"] == [{"reference": CLINICIAN}]
    assert composition["custodian"] == {"reference": "Organization/programme"}
    sections = {each["code"]["coding"][0]["code"]: each for each in composition["section"]}
    assert list(sections) == SECTIONS
    for each in sections.values():
        assert ("entry" in each) != ("emptyReason" in each)
        assert each["text"]["div"].startswith("<div")
    filled = {code for code, each in sections.items() if "entry" in each}
    assert filled == {
        "behavioral-health-summary", "69730-0", "10160-0", "18776-5", "11450-4", "42349-1",
    }  # fmt: skip
    course = sections["behavioral-health-summary"]["text"]["div"]
    assert "PHQ-9 &lt;total&gt; &amp; score" in course
    assert "Response" in course

    inside = {tuple(each["fullUrl"].split("/")[-2:]) for each in document["entry"]}
    assert len(inside) == len(document["entry"])
    for each in document["entry"]:
        resource = each["resource"]
        assert each["fullUrl"].endswith(f"/{resource['resourceType']}/{resource['id']}")
        assert set(Links(resource).local_targets()) <= inside, resource["resourceType"]
    assert {"Patient", "Practitioner", "Organization", "Encounter", "EpisodeOfCare"} <= {
        name for name, _ in inside
    }
    assert "Group" not in {name for name, _ in inside}
    assert [name for name, _ in inside].count("Patient") == 1


def test_what_a_handoff_makes_hangs_together(person: Participant) -> None:
    visit = person.attends(person.session(person.now() - DAY))
    made = handed_off(person, asked(reason="She goes back to work."))
    task, referral, document = made["task"], made["service-request"], made["document"]

    assert (task["status"], task["intent"]) == ("received", "order")
    assert task["businessStatus"] == business_status("2.0")
    assert task["focus"] == {"reference": f"ServiceRequest/{referral['id']}"}
    assert task["owner"] == referral["performer"][0] == {"reference": "Organization/clinic"}
    assert task["requester"] == referral["requester"] == {"reference": CLINICIAN}
    assert referral["reasonCode"] == [{"text": "She goes back to work."}]
    [summary] = person.found("DocumentReference")
    assert task["input"][0]["valueReference"] == {"reference": f"DocumentReference/{summary['id']}"}
    stored = person.http.get(summary["content"][0]["attachment"]["url"])
    assert stored.json() == document
    week, month = clocks(person)
    assert week["focus"] == month["focus"] == {"reference": f"Encounter/{visit['id']}"}
    assert week["basedOn"] == [task["focus"]]
    today = person.now().date()
    assert week["restriction"]["period"] == {
        "start": (today + DAY).isoformat(),
        "end": (today + 7 * DAY).isoformat(),
    }
    assert month["restriction"]["period"]["end"] == (today + 30 * DAY).isoformat()
    for each in (task, referral, summary, document, week, month):
        [said] = person.told_of(each)
        assert said["agent"][0]["who"] == {"reference": CLINICIAN}
        assert said["reason"] == [{"text": "She goes back to work."}]


def test_asking_again_gives_the_same_handoff_and_makes_nothing(person: Participant) -> None:
    first = handed_off(person)
    before = counts(person)

    assert handed_off(person) == first
    assert handed_off(person, asked(reason="Once more.")) == first
    assert counts(person) == before


def test_another_clinic_can_be_asked_only_when_the_first_has_declined(
    person: Participant,
) -> None:
    made = handed_off(person)
    first = made["task"]
    refused = hand_off(person, asked("Organization/other"))
    assert refused.status_code == 409
    assert f"Task/{first['id']}" in refused.text

    reason = {"text": "There is no room."}
    told = {"statusReason": reason, "businessStatus": business_status("4.0")}
    declined = step(person, first, "Organization/clinic", status="rejected", **told)
    assert declined.is_success, declined.text
    again = handed_off(person, asked("Organization/other"))
    assert again["task"]["id"] != first["id"]
    assert again["task"]["owner"] == {"reference": "Organization/other"}
    lapsed = made["service-request"]
    assert again["service-request"]["replaces"] == [{"reference": f"ServiceRequest/{lapsed['id']}"}]
    assert person.read(lapsed)["status"] == "revoked"
    assert sorted(each["status"] for each in clocks(person)) == [
        *["cancelled"] * 2,
        *["requested"] * 2,
    ]


def test_those_who_ask_at_once_have_one_handoff(person: Participant) -> None:
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda _: hand_off(person), range(5)))

    assert {each.status_code for each in answers} == {200}, [each.text for each in answers]
    assert len({each.text for each in answers}) == 1
    assert counts(person) == {"Task": 3, "ServiceRequest": 1, "DocumentReference": 1}


def test_when_a_clinic_has_taken_over_the_measures_of_aftercare_begin(
    person: Participant,
) -> None:
    task = handed_off(person)["task"]
    for status, code in (("accepted", "3.0"), ("in-progress", "5.1.1"), ("completed", "7.0")):
        told = {"status": status, "businessStatus": business_status(code)}
        answer = step(person, task, "Organization/clinic", **told)
        assert answer.is_success, answer.text
    assert person.read(task)["status"] == "completed"
    person.pass_time()
    assert person.read(person.episode)["status"] == "finished"
    assert [each["status"] for each in person.measures()] == ["cancelled"]

    person.pass_time(31 * DAY)
    assert [each["status"] for each in person.measures()] == ["cancelled", "requested"]


@pytest.mark.parametrize(
    ("actor", "changes", "status", "told"),
    [
        ("Organization/clinic", {"status": "completed"}, 409, "accepted"),
        ("Organization/clinic", {"status": "rejected"}, 422, "says why"),
        ("Organization/other", {"status": "accepted"}, 409, "by the recipient"),
        ("Organization/clinic", {"owner": {"reference": "Organization/other"}}, 422, "owner"),
        ("Organization/clinic", {"businessStatus": business_status("2.0")}, 422, "never requested"),
        ("Practitioner/there", {"status": "accepted"}, 200, "accepted"),
    ],
)
def test_a_clinic_without_business_status_goes_the_plain_way(
    person: Participant, actor: str, changes: dict[str, object], status: int, told: str
) -> None:
    task = handed_off(person, PLAIN)["task"]
    assert (task["status"], "businessStatus" in task) == ("requested", False)
    answer = step(person, task, actor, **changes)

    assert answer.status_code == status, answer.text
    assert told in answer.text
    assert person.read(task)["status"] == ("accepted" if status == 200 else "requested")


def test_a_clock_that_nobody_sees_to_is_overdue(person: Participant) -> None:
    handed_off(person)
    person.pass_time(9 * DAY)

    week, month = clocks(person)
    assert week["businessStatus"]["text"] == "overdue"
    assert "businessStatus" not in month


def test_a_handoff_that_was_closed_without_a_visit_escalates_once(person: Participant) -> None:
    task = handed_off(person, PLAIN)["task"]
    for status in ("accepted", "completed"):
        assert step(person, task, "Organization/clinic", status=status).is_success
    for days in (9, 30):
        person.pass_time(days * DAY)
    assert person.read(person.episode)["status"] == "finished"
    running = clocks(person)
    assert [each["businessStatus"]["text"] for each in running] == ["overdue", "overdue"]
    found = [each["partOf"][0]["reference"] for each in person.found("Task") if "partOf" in each]
    assert sorted(found) == sorted(f"Task/{each['id']}" for each in running)


def parameters(*told: Resource) -> Resource:
    return {"resourceType": "Parameters", "parameter": list(told)}


RECIPIENT = asked()["parameter"][0]
PLAIN = parameters(RECIPIENT, {"name": "plain", "valueBoolean": True})
BAD = {
    "no recipient": parameters({"name": "reason", "valueString": "x"}),
    "a string": parameters({"name": "recipient", "valueString": "x"}),
    "two recipients": parameters(RECIPIENT, RECIPIENT),
    "an unknown name": parameters(RECIPIENT, {"name": "x", "valueString": "x"}),
    "no Parameters": {"resourceType": "Patient"},
    "an unknown clinic": asked("Organization/nobody"),
    "a person": asked("Practitioner/there"),
    "elsewhere": asked("https://elsewhere.example/fhir/Organization/1"),
}


@pytest.mark.parametrize(
    ("name", "status"),
    [(name, 422 if name == "an unknown clinic" else 400) for name in BAD],
)
def test_parameters_that_make_no_sense_are_refused_and_leave_nothing(
    person: Participant, name: str, status: int
) -> None:
    before = counts(person)
    answer = hand_off(person, BAD[name])

    assert answer.status_code == status, answer.text
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert counts(person) == before
    assert "task" in handed_off(person)


@pytest.mark.parametrize("actor", ["", "Practitioner/nobody", "Organization/clinic", "Patient/x"])
def test_only_a_clinician_hands_over(stack: Programs, person: Participant, actor: str) -> None:
    url = f"{stack.fhir}/EpisodeOfCare/{person.episode['id']}/$handoff"
    headers = {"X-Stepdown-Actor": actor} if actor else {}
    answer = httpx.post(url, json=asked(), headers=headers, trust_env=False, timeout=180)

    assert answer.status_code == 403, answer.text
    assert person.found("ServiceRequest") == []
    assert "task" in handed_off(person)


@pytest.mark.parametrize("status", ["planned", "onhold", "cancelled", "finished"])
def test_only_an_active_episode_is_handed_over(person: Participant, status: str) -> None:
    person.becomes(status)
    answer = hand_off(person)

    assert answer.status_code == 409, answer.text
    assert "active" in answer.text
    assert person.found("ServiceRequest") == []


def test_only_an_episode_of_the_programme_is_handed_over(person: Participant) -> None:
    person.put(person.read(person.episode) | {"type": [{"text": "Outpatient"}]})

    assert hand_off(person).status_code == 409


def test_an_episode_that_is_not_there_is_not_found(http: httpx.Client) -> None:
    assert http.post("EpisodeOfCare/nobody/$handoff", json=asked()).status_code == 404
    assert http.post("Encounter/nobody/$handoff", json=asked()).status_code == 404


def test_a_handoff_waits_for_intake_and_leaves_nothing_without_it(
    stack: Programs, person: Participant
) -> None:
    path = f"{stack.progress}/EpisodeOfCare/{person.episode['id']}/$handoff"
    stack.kill("intake")
    headers = {"X-Stepdown-Actor": CLINICIAN}
    answer = httpx.post(path, json=asked(), headers=headers, trust_env=False, timeout=60)
    assert answer.status_code == 503, answer.text
    stack.start("intake")

    assert person.found("ServiceRequest") == []
    assert "task" in handed_off(person)
