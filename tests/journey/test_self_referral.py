"""Somebody refers themselves by a QuestionnaireResponse: matched, referred once, facts kept."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.canonical import CANONICAL, code_system
from tests.journey.hospital import Hospital, wait_until
from tests.notices import identifier, patient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.notices import Resource
    from tests.programs import Programs

PREFERENCE = code_system("preference")


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=all_in_one.fhir, timeout=180, trust_env=False) as each:
        yield each


@pytest.fixture
def hospital(http: httpx.Client) -> Hospital:
    return Hospital(http)


def answers(hospital: Hospital, **said: object) -> Resource:
    """A completed response of the hospital's person, with some answers; None leaves one out."""
    number = identifier("mrn", hospital.person)
    told: dict[str, object] = {
        "given": {"valueString": f"Ada-{hospital.person}"},
        "family": {"valueString": f"Family-{hospital.person}"},
        "birth-date": {"valueDate": "1980-05-04"},
        "identifier-system": {"valueUri": number["system"]},
        "identifier-value": {"valueString": number["value"]},
        "danger": {"valueBoolean": False},
    } | said
    return {
        "resourceType": "QuestionnaireResponse",
        "id": f"qr-{uuid.uuid4()}",
        "questionnaire": f"{CANONICAL}/Questionnaire/self-referral",
        "status": "completed",
        "authored": "2026-03-02T10:00:00Z",
        "item": [
            {"linkId": name.replace("_", "-"), "answer": [answer]}
            for name, answer in told.items()
            if answer is not None
        ],
    }


def known(hospital: Hospital, **changes: object) -> Resource:
    # Nobody else here is called like this, so that only those of one test are compared.
    name = [{"family": "Testperson", "given": [f"Ada-{hospital.person}"]}]
    made = patient(hospital.person) | {"id": f"k-{uuid.uuid4()}", "name": name}
    return hospital.put(made | changes)


def sent(hospital: Hospital, response: Resource) -> Resource:
    stored = hospital.put(response)
    hospital.pass_time()
    hospital.pass_time()
    return stored


def of_response(hospital: Hospital, code: str, response: Resource) -> list[Resource]:
    focus = f"QuestionnaireResponse/{response['id']}"
    found = hospital.found("Task", code=f"{code_system('task')}|{code}")
    return [each for each in found if each.get("focus") == {"reference": focus}]


def test_somebody_new_is_referred_once(hospital: Hospital) -> None:
    response = answers(hospital, phone={"valueString": "+1 555 010 2030"})
    sent(hospital, response)
    sent(hospital, hospital.read(response) | {"status": "amended"})

    [person] = hospital.patients()
    [request] = hospital.of_person("ServiceRequest")
    [task] = hospital.tasks("referral")
    [episode] = hospital.of_person("EpisodeOfCare")
    assert person["name"] == [
        {"family": f"Family-{hospital.person}", "given": [f"Ada-{hospital.person}"]}
    ]
    assert person["telecom"] == [{"system": "phone", "value": "+1 555 010 2030"}]
    assert request["requester"] == request["subject"] == {"reference": hospital.patient}
    assert task["focus"] == {"reference": f"ServiceRequest/{request['id']}"}
    assert (episode["status"], episode["referralRequest"]) == ("planned", [task["focus"]])
    assert episode["type"][1]["coding"] == [{"system": code_system("route"), "code": "direct"}]
    assert hospital.read(response)["subject"] == {"reference": hospital.patient}


def test_the_subject_is_who_is_meant(hospital: Hospital) -> None:
    person = known(hospital)
    meant = {"reference": f"Patient/{person['id']}"}
    sent(hospital, answers(hospital, family={"valueString": "Other"}) | {"subject": meant})

    assert hospital.patients() == [person]
    assert [each["patient"] for each in hospital.of_person("EpisodeOfCare")] == [meant]


def test_one_who_is_surely_known_is_taken_and_not_changed(hospital: Hospital) -> None:
    person = known(hospital)
    sent(hospital, answers(hospital))

    assert hospital.patients() == [person]
    assert len(hospital.of_person("EpisodeOfCare")) == 1


def test_who_waits_already_and_asks_again_keeps_the_one_episode(hospital: Hospital) -> None:
    known(hospital)
    sent(hospital, answers(hospital))
    [first] = hospital.of_person("EpisodeOfCare")
    sent(hospital, answers(hospital))

    requests = {f"ServiceRequest/{e['id']}" for e in hospital.of_person("ServiceRequest")}
    [episode] = hospital.of_person("EpisodeOfCare")
    assert (episode["id"], episode["status"]) == (first["id"], "planned")
    assert {each["reference"] for each in episode["referralRequest"]} == requests
    assert len(requests) == len(hospital.tasks("referral")) == 2

    hospital.put(episode | {"status": "cancelled"})
    sent(hospital, answers(hospital))
    statuses = [each["status"] for each in hospital.of_person("EpisodeOfCare")]
    assert sorted(statuses) == ["cancelled", "planned"]


def test_doubt_is_explained_and_for_a_person_to_decide(hospital: Hospital) -> None:
    person = known(hospital, identifier=[identifier("ssn", uuid.uuid4().hex)])
    meant = f"Patient/{person['id']}"
    response = answers(hospital, danger={"valueBoolean": True})
    sent(hospital, response)

    [task] = of_response(hospital, "identity-review", response)
    assert [each["valueReference"]["reference"] for each in task["input"]] == [meant]
    assert "birthDate agrees +20" in task["description"]
    assert hospital.patients() == hospital.found("EpisodeOfCare", patient=meant) == []

    said = [{"type": {"text": "meant"}, "valueReference": {"reference": meant}}]
    hospital.put(task | {"status": "completed", "output": said})
    wait_until(lambda: hospital.found("EpisodeOfCare", patient=meant))
    wait_until(lambda: "subject" in hospital.read(response))
    assert hospital.patients() == []
    [alarm] = of_response(hospital, "safety-review", response)
    assert alarm["for"] == {"reference": meant}


def test_who_says_too_little_is_for_a_person_to_find(hospital: Hospital) -> None:
    untold = dict.fromkeys(("family", "birth-date", "identifier-system", "identifier-value"))
    response = answers(hospital, **untold)
    sent(hospital, response)

    [task] = of_response(hospital, "identity-review", response)
    assert "too little" in task["description"]
    assert "input" not in task


@pytest.mark.parametrize(
    ("danger", "priority"), [({"valueBoolean": True}, "stat"), (None, "urgent")]
)
@pytest.mark.parametrize("is_sure", [True, False])
def test_danger_is_looked_at_at_once_also_where_it_is_not_sure_who_it_is(
    hospital: Hospital, danger: Resource | None, priority: str, *, is_sure: bool
) -> None:
    response = answers(hospital, danger=danger)
    if not is_sure:
        known(hospital)
        known(hospital)
    sent(hospital, response)

    [task] = of_response(hospital, "safety-review", response)
    assert (task["status"], task["priority"], "for" in task) == ("requested", priority, is_sure)


@pytest.mark.parametrize(
    "said",
    [
        {"birth_date": {"valueString": "in spring"}},
        {"birth_date": {"valueDateTime": "1980-05-04T10:00:00Z"}},
        {"given": {"valueQuantity": {"value": 3}}},
        {"phone": {"valueInteger": 5550100}},
        {"identifier_system": {"valueString": "the hospital's"}},
    ],
)
def test_who_says_otherwise_than_asked_who_it_is_is_for_a_person_to_find(
    hospital: Hospital, said: Resource
) -> None:
    response = answers(hospital, danger={"valueBoolean": True}, **said)
    sent(hospital, response)

    [task] = of_response(hospital, "identity-review", response)
    assert "otherwise than is asked" in task["description"]
    [alarm] = of_response(hospital, "safety-review", response)
    assert (alarm["priority"], "for" in alarm) == ("stat", False)

    person = known(hospital)
    meant = {"reference": f"Patient/{person['id']}"}
    hospital.put(
        task
        | {
            "status": "completed",
            "output": [{"type": {"text": "meant"}, "valueReference": meant}],
        }
    )
    wait_until(lambda: hospital.of_person("EpisodeOfCare"))


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ("language", {"valueString": "Spanish"}),
        ("language", {"valueQuantity": {"value": 3}}),
        ("session-time", {"valueString": "evening"}),
        ("work", {"valueString": "mornings"}),
        ("guardian-name", {"valueInteger": 7}),
    ],
)
def test_what_is_answered_otherwise_than_asked_is_named_to_who_reads_it(
    hospital: Hospital, item: str, said: Resource
) -> None:
    told = {item.replace("-", "_"): said}
    sent(hospital, answers(hospital, telehealth={"valueBoolean": True}, **told))

    [task] = hospital.tasks("referral")
    assert task["description"].endswith(f"otherwise than asked: {item}.")
    wait_until(lambda: hospital.found("Observation", patient=hospital.patient))
    [fact] = hospital.found("Observation", patient=hospital.patient)
    assert fact["code"]["text"] == "telehealth"
    assert hospital.of_person("RelatedPerson") == []


def test_danger_that_is_told_in_one_of_two_answers_is_looked_at(hospital: Hospital) -> None:
    response = answers(hospital)
    again = {"linkId": "danger", "answer": [{"valueBoolean": True}]}
    sent(hospital, response | {"item": [*response["item"], again]})

    [task] = of_response(hospital, "safety-review", response)
    assert task["priority"] == "stat"


def test_no_danger_asks_for_no_safety_review(hospital: Hospital) -> None:
    response = answers(hospital)
    sent(hospital, response)

    assert of_response(hospital, "safety-review", response) == []


def test_when_and_how_somebody_can_come_is_kept_as_facts(hospital: Hospital) -> None:
    evening = {"system": PREFERENCE, "code": "evening"}
    spanish = {"system": "urn:ietf:bcp:47", "code": "es"}
    response = answers(
        hospital,
        session_time={"valueCoding": evening},
        work={"valueBoolean": True},
        school={"valueBoolean": False},
        language={"valueCoding": spanish},
        interpreter={"valueBoolean": True},
        guardian_name={"valueString": "Grace"},
        guardian_phone={"valueString": "+1 555 010 2031"},
    )
    sent(hospital, response)
    wait_until(lambda: hospital.found("Observation", patient=hospital.patient))

    found = hospital.found("Observation", patient=hospital.patient, category="social-history")
    facts = {each["code"]["coding"][0]["code"]: each for each in found}
    assert set(facts) == {"session-time", "work", "school", "language", "interpreter"}
    assert facts["session-time"]["valueCodeableConcept"] == {"coding": [evening]}
    assert [facts[each]["valueBoolean"] for each in ("work", "school")] == [True, False]
    [person] = hospital.patients()
    assert person["communication"][0]["language"] == {"coding": [spanish]}
    [guardian] = hospital.of_person("RelatedPerson")
    assert guardian["relationship"][0]["coding"][0]["code"] == "GUARD"


@pytest.mark.parametrize(
    "change", [{"status": "in-progress"}, {"questionnaire": f"{CANONICAL}/Questionnaire/other"}]
)
def test_what_is_no_completed_self_referral_refers_nobody(
    hospital: Hospital, change: Resource
) -> None:
    sent(hospital, answers(hospital) | change)

    assert hospital.patients() == []


def test_the_questionnaire_is_published_and_holds_what_is_read(hospital: Hospital) -> None:
    [asked] = hospital.found("Questionnaire", url=f"{CANONICAL}/Questionnaire/self-referral")
    assert asked["status"] == "active"
    told = str(asked)
    names = ("given", "birth-date", "phone", "identifier-value", "danger", "session-time", "work")
    assert all(f"'linkId': '{each}'" in told for each in names)
