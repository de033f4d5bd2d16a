"""From a referral to the follow-up: episodes are planned, clocks satisfied, handoffs closed."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.canonical import POLICY, code_system
from shared.care.episode import PROGRAMME
from tests.journey.decided import recommendation
from tests.journey.hospital import Hospital, wait_until
from tests.notices import ACT_CODE, patient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.notices import Resource
    from tests.programs import Programs


@pytest.fixture(scope="module")
def http(stack: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.fhir, timeout=180, trust_env=False) as each:
        yield each


@pytest.fixture
def hospital(http: httpx.Client) -> Hospital:
    return Hospital(http)


@pytest.fixture
def discharged(hospital: Hospital) -> Hospital:
    """A person who was discharged today, with running clocks."""
    hospital.send(hospital.discharged())
    return hospital


def clock(hospital: Hospital, code: str = "follow-up-7d") -> Resource:
    [found] = hospital.tasks(code)
    return found


def policies(hospital: Hospital, target: Resource) -> list[str]:
    reference = f"{target['resourceType']}/{target['id']}"
    said = hospital.found("Provenance", target=reference)
    named = [each["agent"][0]["who"]["identifier"] for each in said]
    return sorted(each["value"] for each in named if each["system"] == POLICY)


def test_a_visit_in_the_window_completes_both_clocks_once(discharged: Hospital) -> None:
    visit = discharged.visit(discharged.now() + timedelta(days=2))
    discharged.pass_time()

    for code in ("follow-up-7d", "follow-up-30d"):
        done = clock(discharged, code)
        assert done["status"] == "completed"
        [output] = done["output"]
        assert output["type"]["coding"] == [
            {"system": code_system("clock"), "code": "satisfied-by"}
        ]
        assert output["valueReference"] == {"reference": f"Encounter/{visit['id']}"}
        assert "visit-satisfies-clock|1.1" in policies(discharged, done)

    stand = clock(discharged)
    discharged.visit(discharged.now() + timedelta(days=3))
    discharged.put(visit | {"reasonCode": [{"text": "talk"}]})
    discharged.pass_time(timedelta(days=40))
    assert clock(discharged) == stand
    part_of = {"reference": f"Task/{stand['id']}"}
    assert not any(part_of in each.get("partOf", ()) for each in discharged.of_person("Task"))


@pytest.mark.parametrize(
    ("days", "changes"),
    [
        (0, {}),
        (31, {}),
        (2, {"status": "in-progress"}),
        (2, {"class": {"system": ACT_CODE, "code": "EMER"}}),
    ],
    ids=["same day", "too late", "goes on", "emergency"],
)
def test_what_is_no_visit_in_the_window_completes_no_clock(
    discharged: Hospital, days: int, changes: Resource
) -> None:
    discharged.visit(discharged.now() + timedelta(days=days), **changes)
    discharged.pass_time()

    assert (
        clock(discharged)["status"] == clock(discharged, "follow-up-30d")["status"] == "requested"
    )


def test_a_visit_after_a_week_completes_only_the_longer_clock(discharged: Hospital) -> None:
    discharged.visit(discharged.now() + timedelta(days=9))
    discharged.pass_time()

    assert clock(discharged)["status"] == "requested"
    assert clock(discharged, "follow-up-30d")["status"] == "completed"


def test_a_visit_that_was_taken_back_lets_the_clock_run_out(discharged: Hospital) -> None:
    visit = discharged.visit(discharged.now() + timedelta(days=2))
    discharged.pass_time()
    assert clock(discharged)["status"] == "completed"

    discharged.put(visit | {"status": "entered-in-error"})
    discharged.pass_time()
    reopened = clock(discharged)
    assert reopened["status"] == "requested"
    assert "output" not in reopened

    discharged.pass_time(timedelta(days=8))
    assert clock(discharged)["businessStatus"]["text"] == "overdue"
    part_of = [{"reference": f"Task/{reopened['id']}"}]
    tasks = discharged.of_person("Task")
    assert len([each for each in tasks if each.get("partOf") == part_of]) == 1


def test_another_visit_takes_the_place_of_one_that_was_taken_back(discharged: Hospital) -> None:
    first = discharged.visit(discharged.now() + timedelta(days=2))
    discharged.pass_time()
    second = discharged.visit(discharged.now() + timedelta(days=3))

    discharged.put(first | {"subject": {"reference": someone(discharged)}})
    discharged.pass_time()

    done = clock(discharged)
    assert done["status"] == "completed"
    assert done["output"][0]["valueReference"] == {"reference": f"Encounter/{second['id']}"}


def someone(hospital: Hospital) -> str:
    made = hospital.put(patient(uuid.uuid4().hex) | {"id": f"p-{uuid.uuid4()}"})
    return f"Patient/{made['id']}"


def test_a_visit_before_the_notice_came_satisfies_its_clocks(hospital: Hospital) -> None:
    hospital.send(hospital.notice("admit"))
    hospital.visit(hospital.now() - timedelta(days=2))
    hospital.send(hospital.discharged(days_ago=4))
    hospital.pass_time()

    assert clock(hospital)["status"] == clock(hospital, "follow-up-30d")["status"] == "completed"


def test_what_a_person_has_completed_otherwise_stands(discharged: Hospital) -> None:
    visit = discharged.visit(discharged.now() + timedelta(days=60))
    by_phone = discharged.put(clock(discharged) | {"status": "completed"})

    discharged.put(visit | {"status": "entered-in-error"})
    discharged.pass_time()

    assert discharged.read(by_phone) == by_phone


def referral(hospital: Hospital, person: str, **changes: object) -> tuple[Resource, Resource]:
    """Refer somebody by a transaction Bundle, as plain FHIR partners do."""
    mark = uuid.uuid4()
    request = {
        "resourceType": "ServiceRequest",
        "id": f"r-{mark}",
        "status": "active",
        "intent": "order",
        "code": {"coding": [PROGRAMME]},
        "subject": {"reference": person},
    } | changes
    task = {
        "resourceType": "Task",
        "id": f"t-{mark}",
        "status": "requested",
        "intent": "order",
        "focus": {"reference": f"ServiceRequest/{request['id']}"},
        "for": {"reference": person},
    }
    entries = [
        {
            "resource": each,
            "request": {"method": "PUT", "url": f"{each['resourceType']}/{each['id']}"},
        }
        for each in (request, task)
    ]
    body = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    answer = hospital.http.post("", json=body)
    assert answer.is_success, answer.text
    return request, task


def episodes(hospital: Hospital, person: str) -> list[Resource]:
    return hospital.found("EpisodeOfCare", patient=person)


def test_a_plain_referral_plans_one_episode(hospital: Hospital) -> None:
    person = someone(hospital)
    request, task = referral(hospital, person)
    hospital.put(task | {"description": "again"})
    hospital.pass_time()

    [episode] = episodes(hospital, person)
    assert (episode["status"], episode["type"][0]["coding"]) == ("planned", [PROGRAMME])
    assert episode["referralRequest"] == [{"reference": f"ServiceRequest/{request['id']}"}]
    assert policies(hospital, episode) == ["referral-plans-episode|1.0"]
    assert hospital.found("Task", patient=person, code=f"{code_system('clock')}|") == []


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "draft"},
        {"status": "completed"},
        {"code": {"text": "Intensive outpatient programme"}},
    ],
    ids=["draft", "completed", "something else"],
)
def test_what_is_no_referral_to_the_programme_plans_nothing(
    hospital: Hospital, changes: Resource
) -> None:
    person = someone(hospital)
    referral(hospital, person, **changes)
    hospital.pass_time()

    assert episodes(hospital, person) == []


def test_a_request_that_becomes_active_after_its_task_plans_the_episode(
    hospital: Hospital,
) -> None:
    person = someone(hospital)
    request, _ = referral(hospital, person, status="draft")
    hospital.put(request | {"status": "active"})
    hospital.pass_time()

    assert len(episodes(hospital, person)) == 1


def test_a_task_for_somebody_else_plans_nothing(hospital: Hospital) -> None:
    person, other = someone(hospital), someone(hospital)
    request, task = referral(hospital, person, status="draft")
    hospital.put(task | {"for": {"reference": other}})
    hospital.put(request | {"status": "active"})
    hospital.pass_time()

    assert episodes(hospital, other) == episodes(hospital, person) == []


def test_a_plain_referral_after_a_stay_starts_its_clocks(hospital: Hospital) -> None:
    person = someone(hospital)
    stay = hospital.put(
        {
            "resourceType": "Encounter",
            "id": f"s-{uuid.uuid4()}",
            "status": "finished",
            "class": {"system": ACT_CODE, "code": "IMP"},
            "subject": {"reference": person},
            "period": {"end": (hospital.now() - timedelta(days=3)).isoformat()},
        }
    )
    referral(hospital, person, supportingInfo=[{"reference": f"Encounter/{stay['id']}"}])
    hospital.pass_time()

    assert len(episodes(hospital, person)) == 1
    clocks = hospital.found("Task", patient=person, code=f"{code_system('clock')}|")
    assert [each["focus"] for each in clocks] == [{"reference": f"Encounter/{stay['id']}"}] * 2
    assert {each["status"] for each in clocks} == {"requested"}


def test_a_second_referral_for_the_same_stay_joins_the_episode(discharged: Hospital) -> None:
    stay = discharged.stay()
    request, _ = referral(
        discharged, discharged.patient, encounter={"reference": f"Encounter/{stay['id']}"}
    )
    discharged.pass_time()

    [episode] = discharged.of_person("EpisodeOfCare")
    assert episode["referralRequest"][1:] == [{"reference": f"ServiceRequest/{request['id']}"}]
    assert len(discharged.tasks("follow-up-7d")) == 1


def handoff(hospital: Hospital, episode: Resource) -> Resource:
    """Hand the person over to a clinic that has taken the Task up."""
    clinic = f"clinic-{hospital.person}"
    doctor = f"doctor-{hospital.person}"
    hospital.put({"resourceType": "Organization", "id": clinic, "name": "Clinic"})
    hospital.put({"resourceType": "Practitioner", "id": doctor})
    request = hospital.put(
        {
            "resourceType": "ServiceRequest",
            "id": f"h-{hospital.person}",
            "status": "active",
            "intent": "order",
            "code": {"text": "Aftercare"},
            "subject": {"reference": hospital.patient},
        }
    )
    task = {
        "resourceType": "Task",
        "id": f"ht-{hospital.person}",
        "status": "requested",
        "intent": "order",
        "code": {"coding": [{"system": code_system("task"), "code": "handoff"}]},
        "focus": {"reference": f"ServiceRequest/{request['id']}"},
        "for": {"reference": hospital.patient},
        "requester": {"reference": f"Practitioner/{doctor}"},
        "owner": {"reference": f"Organization/{clinic}"},
        "reasonReference": {"reference": f"EpisodeOfCare/{episode['id']}"},
    }
    hospital.put(task, f"Practitioner/{doctor}")
    return hospital.put(task | {"status": "accepted"}, f"Organization/{clinic}")


def active(hospital: Hospital) -> Resource:
    """The person's episode, admitted."""
    [episode] = hospital.of_person("EpisodeOfCare")
    doctor = hospital.put({"resourceType": "Practitioner", "id": f"a-{hospital.person}"})
    hospital.put(recommendation(hospital.patient, hospital.now()))
    return hospital.put(episode | {"status": "active"}, f"Practitioner/{doctor['id']}")


def test_a_completed_handoff_finishes_the_episode_once(discharged: Hospital) -> None:
    episode = active(discharged)
    task = handoff(discharged, episode)
    discharged.pass_time()
    assert discharged.read(episode)["status"] == "active"

    discharged.put(task | {"status": "completed"}, task["owner"]["reference"])
    wait_until(lambda: discharged.read(episode)["status"] == "finished")

    finished = discharged.read(episode)
    assert [each["status"] for each in finished["statusHistory"]][-1] == "finished"
    assert "end" in finished["statusHistory"][-2]["period"]
    assert finished["period"]["end"] == finished["statusHistory"][-1]["period"]["start"]
    assert "handoff-finishes-episode|1.0" in policies(discharged, finished)


def test_a_handoff_of_an_episode_that_nobody_was_admitted_to_finishes_nothing(
    discharged: Hospital,
) -> None:
    [episode] = discharged.of_person("EpisodeOfCare")
    task = handoff(discharged, episode)
    discharged.put(task | {"status": "completed"}, task["owner"]["reference"])
    discharged.pass_time()

    assert discharged.read(episode) == episode


def aftercare(hospital: Hospital, task: Resource) -> Resource:
    last = hospital.now().date()
    period = {"start": str(last + timedelta(days=1)), "end": str(last + timedelta(days=7))}
    return hospital.put(
        {
            "resourceType": "Task",
            "id": f"ac-{hospital.person}",
            "status": "requested",
            "intent": "order",
            "code": {"coding": [{"system": code_system("clock"), "code": "aftercare-7d"}]},
            "for": {"reference": hospital.patient},
            "basedOn": [task["focus"]],
            "restriction": {"period": period},
        }
    )


def test_only_a_visit_at_the_clinic_satisfies_the_aftercare_clock(discharged: Hospital) -> None:
    task = handoff(discharged, active(discharged))
    waiting = aftercare(discharged, task)
    day = discharged.now() + timedelta(days=3)

    discharged.visit(day)
    discharged.pass_time()
    assert discharged.read(waiting)["status"] == "requested"

    visit = discharged.visit(day, serviceProvider=task["owner"])
    discharged.put(task | {"status": "completed"}, task["owner"]["reference"])
    discharged.pass_time()

    done = discharged.read(waiting)
    assert done["status"] == "completed"
    assert done["output"][0]["valueReference"] == {"reference": f"Encounter/{visit['id']}"}
