"""A transfer document over HTTP: kept once, matched, referred, its entries in the record."""

from __future__ import annotations

import uuid
from itertools import permutations
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.canonical import code_system
from tests.documents import document
from tests.journey.hospital import KEPT, Hospital, everything, versions, wait_until
from tests.notices import identifier, patient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.notices import Resource
    from tests.programs import Programs

BROUGHT = ("AllergyIntolerance", "MedicationStatement", "MedicationRequest", "Condition")


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=all_in_one.fhir, timeout=180, trust_env=False) as each:
        yield each


@pytest.fixture
def hospital(http: httpx.Client) -> Hospital:
    return Hospital(http)


def written(hospital: Hospital, mark: str = "1", days_ago: int = 0) -> Resource:
    end = hospital.discharged(days_ago)["entry"][1]["resource"]["period"]["end"]
    return document(hospital.person, mark=mark, end=end)


def posted(hospital: Hospital, body: Resource, status: int = 201) -> Resource:
    answer = hospital.http.post("Bundle", json=body)
    assert answer.status_code == status, answer.text
    told: Resource = answer.json()
    return told


def settled(hospital: Hospital) -> dict[str, Resource]:
    """All that there is about the person, when everything has followed."""
    hospital.pass_time()
    hospital.pass_time()
    return everything(hospital, (*KEPT, *BROUGHT))


def test_a_document_is_kept_and_refers_its_person_once(hospital: Hospital) -> None:
    body = written(hospital)
    stored = posted(hospital, body)
    hospital.pass_time()
    hospital.pass_time()

    [request] = hospital.of_person("ServiceRequest")
    [episode] = hospital.of_person("EpisodeOfCare")
    [task] = hospital.tasks("referral")
    assert request["supportingInfo"] == [{"reference": f"Bundle/{stored['id']}"}]
    assert request["encounter"] == {"reference": f"Encounter/{hospital.stay()['id']}"}
    assert request["requester"]["reference"].startswith("Organization/")
    assert task["focus"] == {"reference": f"ServiceRequest/{request['id']}"}
    assert episode["referralRequest"] == [task["focus"]]
    assert episode["type"][1]["coding"] == [{"system": code_system("route"), "code": "step-down"}]
    assert [len(hospital.tasks(f"follow-up-{days}d")) for days in (7, 30)] == [1, 1]
    for each in BROUGHT:
        [found] = hospital.of_person(each)
        assert f"urn:uuid:{hospital.person[:8]}" not in str(found)
    [ordered] = hospital.of_person("MedicationRequest")
    assert hospital.http.get(ordered["medicationReference"]["reference"]).is_success
    assert ordered["encounter"] == request["encounter"]


@pytest.mark.parametrize(("status", "refers"), [("entered-in-error", 0), ("amended", 1)])
def test_a_document_that_was_written_in_error_refers_nobody(
    hospital: Hospital, status: str, refers: int
) -> None:
    body = written(hospital)
    body["entry"][0]["resource"]["status"] = status
    posted(hospital, body)
    hospital.pass_time()
    hospital.pass_time()

    assert len(hospital.patients()) == refers


@pytest.mark.parametrize("misrecorded", ["Condition", "MedicationRequest"])
def test_what_cannot_be_kept_is_told_to_a_person_until_it_is_corrected(
    hospital: Hospital, misrecorded: str
) -> None:
    body = written(hospital)
    stored = posted(hospital, body | {"entry": recorded_wrongly(body["entry"], misrecorded)})
    asked = {"code": f"{code_system('task')}|notice-review", "focus": f"Bundle/{stored['id']}"}
    hospital.pass_time()

    [task] = hospital.found("Task", **asked)
    assert task["status"] == "requested"
    assert "recorder" in task["description"]
    assert task["owner"]["identifier"]["value"] == "intake"
    assert hospital.patients() == []
    [said] = hospital.found("Provenance", target=f"Task/{task['id']}")
    assert said["agent"][0]["who"]["identifier"]["value"] == "notice-review|1.0"

    hospital.put(body | {"id": stored["id"]})
    hospital.pass_time()
    hospital.pass_time()
    [task] = hospital.found("Task", **asked)
    assert task["status"] == "completed"
    assert len(hospital.tasks("referral")) == 1


def recorded_wrongly(entries: list[Resource], resource_type: str) -> list[Resource]:
    """Let an Organization have recorded something: a urn does not tell, but no Organization may."""
    urls = {each["resource"]["resourceType"]: each["fullUrl"] for each in entries}
    wrong = {"recorder": {"reference": urls["Organization"]}}
    return [
        each | {"resource": each["resource"] | wrong}
        if each["resource"]["resourceType"] == resource_type
        else each
        for each in entries
    ]


def test_a_document_that_comes_again_is_the_one_that_is_there(hospital: Hospital) -> None:
    body = written(hospital)
    first = posted(hospital, body)
    before = settled(hospital)
    stand = versions(hospital)

    again = [posted(hospital, body, 200) for _ in range(5)]

    assert [each["id"] for each in again] == [first["id"]] * 5
    assert settled(hospital) == before
    assert versions(hospital) == stand


def test_another_document_of_the_same_stay_opens_nothing_more(hospital: Hospital) -> None:
    first, second = (posted(hospital, written(hospital, mark)) for mark in "12")
    hospital.pass_time()

    [request] = hospital.of_person("ServiceRequest")
    told = {each["reference"] for each in request["supportingInfo"]}
    assert told == {f"Bundle/{each['id']}" for each in (first, second)}
    assert len(hospital.of_person("EpisodeOfCare")) == 1


@pytest.mark.parametrize("order", list(permutations(["document", "admit", "discharge"])))
def test_document_and_notices_in_any_order_end_in_the_same_state(
    hospital: Hospital, order: tuple[str, ...]
) -> None:
    told = {"admit": hospital.notice("admit"), "discharge": hospital.discharged(2)}
    end = told["discharge"]["entry"][1]["resource"]["period"]["end"]
    body = document(hospital.person, end=end)

    for name in [*order, *reversed(order)]:
        if name == "document":
            hospital.http.post("Bundle", json=body).raise_for_status()
        else:
            hospital.send(told[name])
        hospital.pass_time()

    counts = {each: len(hospital.of_person(each)) for each in (*BROUGHT, "ServiceRequest", "Task")}
    # The message's illness and the document's have no identifier in common.
    assert counts == {
        "AllergyIntolerance": 1,
        "MedicationStatement": 1,
        "MedicationRequest": 1,
        "Condition": 2,
        "ServiceRequest": 1,
        "Task": 3,
    }
    [episode] = hospital.of_person("EpisodeOfCare")
    [request] = hospital.of_person("ServiceRequest")
    [clock] = hospital.tasks("follow-up-7d")
    state = (episode["status"], len(request["supportingInfo"]), request["authoredOn"])
    # The discharge is told last, wherever it stands in the order of arrival.
    assert state == ("planned", 1, told["discharge"]["timestamp"])
    assert clock["focus"] == request["encounter"]
    assert hospital.stay()["status"] == "finished"


def test_a_document_before_the_end_of_the_stay_refers_and_starts_no_clock(
    hospital: Hospital,
) -> None:
    posted(hospital, document(hospital.person))
    hospital.pass_time()

    assert [each["status"] for each in hospital.of_person("EpisodeOfCare")] == ["planned"]
    assert hospital.tasks("follow-up-7d") == []
    hospital.send(hospital.discharged())
    assert len(hospital.tasks("follow-up-7d")) == len(hospital.of_person("EpisodeOfCare")) == 1


def test_doubt_whom_a_document_is_about_is_for_a_person(hospital: Hospital) -> None:
    known = [
        hospital.put(patient(hospital.person) | {"id": f"k{i}-{hospital.person}"}) for i in (1, 2)
    ]
    stored = posted(hospital, written(hospital))
    hospital.pass_time()

    [task] = [
        each
        for each in hospital.found("Task", code="identity-review")
        if each["focus"] == {"reference": f"Bundle/{stored['id']}"}
    ]
    theirs = [f"Patient/{each['id']}" for each in known]
    assert {each["valueReference"]["reference"] for each in task["input"]} == set(theirs)
    assert [hospital.found("EpisodeOfCare", patient=each) for each in theirs] == [[], []]

    said = [{"type": {"text": "meant"}, "valueReference": {"reference": theirs[1]}}]
    hospital.put(task | {"status": "completed", "output": said})
    wait_until(lambda: hospital.found("EpisodeOfCare", patient=theirs[1]))
    wait_until(lambda: hospital.found("MedicationRequest", patient=theirs[1]))
    assert hospital.found("EpisodeOfCare", patient=theirs[0]) == []


BAD = {
    "no identifier of the person": ("Patient", {"identifier": []}, "identifier"),
    "the stay of somebody else": ("Encounter", {"subject": {"display": "other"}}, "subject"),
    "no person": ("Composition", {"subject": {"display": "somebody"}}, "Composition.subject"),
    "no day on which the stay ended": (
        "Encounter",
        {"status": "finished", "period": {"start": "2026-02-20", "end": "2026-03"}},
        "period.end",
    ),
    "no stay": ("Composition", {"encounter": {"display": "a stay"}}, "Composition.encounter"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_document_from_which_nothing_could_follow_is_refused(
    hospital: Hospital, name: str
) -> None:
    resource_type, change, told = BAD[name]
    body = written(hospital)
    for entry in body["entry"]:
        if entry["resource"]["resourceType"] == resource_type:
            entry["resource"] |= change
            entry["resource"] = {k: v for k, v in entry["resource"].items() if v != []}

    answer = hospital.http.post("Bundle", json=body)

    [issue] = answer.json()["issue"]
    assert answer.status_code == 422
    assert issue["expression"][0].startswith("Bundle.entry[")
    assert told.rpartition(".")[2] in issue["expression"][0]
    hospital.pass_time()
    assert hospital.patients() == []
    posted(hospital, written(hospital))


def test_a_document_of_another_kind_is_kept_and_refers_nobody(hospital: Hospital) -> None:
    body = written(hospital)
    body["entry"][0]["resource"]["type"] = {"text": "A letter"}

    first = posted(hospital, body)
    hospital.pass_time()

    assert hospital.patients() == []
    assert posted(hospital, body, 200)["id"] == first["id"]
    other = body | {"identifier": identifier("documents", uuid.uuid4().hex)}
    assert posted(hospital, other)["id"] != first["id"]
