"""Whom a notice is about: known by identifiers, and where these cannot tell a person is asked."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.canonical import code_system
from tests.journey.hospital import Hospital, versions, wait_until
from tests.notices import changed, identifier, patient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.notices import Resource
    from tests.programs import Programs


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=all_in_one.fhir, timeout=180, trust_env=False) as each:
        yield each


@pytest.fixture
def hospital(http: httpx.Client) -> Hospital:
    return Hospital(http)


def known(hospital: Hospital, **changes: object) -> Resource:
    """Somebody who is in the record before any notice."""
    return hospital.put(patient(hospital.person) | {"id": f"known-{uuid.uuid4()}"} | changes)


def review(hospital: Hospital, message: Resource) -> Resource:
    """The Task that asks a person about a message."""
    [task] = [
        each
        for each in hospital.found("Task", code="identity-review")
        if is_stored_as(hospital, message, each["focus"]["reference"])
    ]
    return task


def is_stored_as(hospital: Hospital, message: Resource, reference: str) -> bool:
    stored = hospital.http.get(reference).json()
    return bool(stored.get("entry") == message["entry"])


def opened(hospital: Hospital, person: str) -> int:
    return len(hospital.found("EpisodeOfCare", patient=person))


def test_one_who_is_known_by_an_identifier_is_taken_and_not_changed(hospital: Hospital) -> None:
    before = known(hospital, name=[{"family": "Otherwise"}], birthDate="1980")

    hospital.send(hospital.discharged())

    assert hospital.patients() == [before]
    assert opened(hospital, hospital.patient) == 1
    assert hospital.stay()["subject"] == {"reference": f"Patient/{before['id']}"}


def test_somebody_of_the_same_name_and_birth_date_is_somebody_else(hospital: Hospital) -> None:
    namesake = known(hospital, identifier=[identifier("mrn", uuid.uuid4().hex)])

    hospital.send(hospital.discharged())

    assert hospital.patient != f"Patient/{namesake['id']}"
    assert opened(hospital, f"Patient/{namesake['id']}") == 0


def test_two_with_the_same_identifier_are_for_a_person_to_tell_apart(hospital: Hospital) -> None:
    first, second = known(hospital), known(hospital)
    message = hospital.discharged()

    answer = hospital.send(message)

    task = review(hospital, message)
    candidates = {each["valueReference"]["reference"] for each in task["input"]}
    assert candidates == {f"Patient/{each['id']}" for each in (first, second)}
    assert (task["status"], task["priority"]) == ("requested", "urgent")
    assert [opened(hospital, each) for each in candidates] == [0, 0]
    assert hospital.found("Encounter", identifier=hospital.person) == []
    for one, another in ((first, second), (second, first)):
        told = hospital.http.get(f"Patient/{one['id']}/$everything").text
        assert one["id"] in told
        assert another["id"] not in told
    stand = versions(hospital)
    assert hospital.send(message) == answer
    assert versions(hospital) == stand


@pytest.mark.parametrize("contradiction", ["birth date", "number"])
def test_a_contradiction_is_for_a_person_to_decide(hospital: Hospital, contradiction: str) -> None:
    ssn, mrn = identifier("ssn", hospital.person), identifier("mrn", hospital.person)
    is_born_otherwise = contradiction == "birth date"
    theirs = known(
        hospital,
        identifier=[ssn, mrn if is_born_otherwise else identifier("mrn", "another")],
        birthDate="1980-05-05" if is_born_otherwise else "1980-05-04",
    )
    message = changed(hospital.discharged(), Patient={"identifier": [ssn, mrn]})

    hospital.send(message)

    assert opened(hospital, f"Patient/{theirs['id']}") == 0
    task = review(hospital, message)
    assert task["input"][0]["valueReference"]["reference"] == f"Patient/{theirs['id']}"
    assert hospital.person not in task["description"]


def test_whom_a_person_names_gets_all_that_the_notice_opens_once(hospital: Hospital) -> None:
    first, second = known(hospital), known(hospital)
    message = hospital.discharged()
    hospital.send(message)
    task = review(hospital, message)
    meant = f"Patient/{second['id']}"
    said = [{"type": {"text": "meant"}, "valueReference": {"reference": meant}}]

    done = hospital.put(task | {"status": "completed", "output": said})
    hospital.put(done | {"note": [{"text": "once more"}]})
    wait_until(lambda: opened(hospital, meant) == 1)

    assert hospital.stay()["subject"] == {"reference": meant}
    assert len(hospital.found("Task", patient=meant)) == 3
    assert opened(hospital, f"Patient/{first['id']}") == 0
    # What is told of the stay in the same terms is no longer doubted.
    hospital.send(hospital.notice("transfer", Encounter={"priority": {"text": "late"}}))
    assert "priority" in hospital.stay()
    stand = versions(hospital)
    hospital.send(message)
    assert versions(hospital) == stand


def test_a_message_in_doubt_is_kept_when_it_comes_again_and_is_clear(hospital: Hospital) -> None:
    first, second = known(hospital), known(hospital)
    message = hospital.discharged()
    answer = hospital.send(message)
    hospital.put(second | {"identifier": [identifier("mrn", uuid.uuid4().hex)]})

    assert hospital.send(message) == answer

    assert opened(hospital, f"Patient/{first['id']}") == 1
    task = review(hospital, message)
    assert task["status"] == "completed"
    assert task["output"][0]["valueReference"] == {"reference": f"Patient/{first['id']}"}


def test_a_stay_is_never_moved_to_another_person(hospital: Hospital) -> None:
    hospital.send(hospital.notice("admit"))
    mine = hospital.patient
    other = known(hospital, identifier=[identifier("mrn", uuid.uuid4().hex)])
    message = changed(hospital.discharged(), Patient={"identifier": other["identifier"]})

    hospital.send(message)
    task = review(hospital, message)
    theirs = f"Patient/{other['id']}"
    said = [{"type": {"text": "meant"}, "valueReference": {"reference": theirs}}]
    hospital.put(task | {"status": "completed", "output": said})
    wait_until(lambda: hospital.read(task)["status"] == "requested")

    assert "another person" in hospital.read(task)["statusReason"]["text"]
    assert hospital.stay()["subject"] == {"reference": mine}
    assert [opened(hospital, each) for each in (mine, theirs)] == [0, 0]


def test_a_person_whose_identifier_was_corrected_is_not_taken_for_another(
    hospital: Hospital,
) -> None:
    hospital.send(hospital.notice("admit"))
    [made] = hospital.patients()
    corrected = {"identifier": [identifier("mrn", uuid.uuid4().hex)]}
    hospital.put(made | corrected)

    other_stay = identifier("stay", uuid.uuid4().hex)
    message = changed(hospital.discharged(), Encounter={"identifier": [other_stay]})
    hospital.send(message)

    task = review(hospital, message)
    assert task["input"][0]["valueReference"]["reference"] == f"Patient/{made['id']}"
    assert opened(hospital, f"Patient/{made['id']}") == 0


def test_a_task_that_only_looks_like_a_review_keeps_nothing(hospital: Hospital) -> None:
    mine = known(hospital)
    bundle = hospital.put(
        {"resourceType": "Bundle", "id": f"b-{hospital.person}", "type": "collection"}
    )
    task = {
        "resourceType": "Task",
        "id": f"t-{hospital.person}",
        "status": "completed",
        "intent": "order",
        "code": {"coding": [{"system": code_system("task"), "code": "identity-review"}]},
        "focus": {"reference": f"Bundle/{bundle['id']}"},
        "output": [
            {"type": {"text": "x"}, "valueReference": {"reference": f"Patient/{mine['id']}"}}
        ],
    }
    hospital.put(task)
    hospital.pass_time()

    assert opened(hospital, f"Patient/{mine['id']}") == 0
