"""Clocks over HTTP: opened, satisfied, called off, paused by a readmission, ended by a death."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.canonical import POLICY, code_system
from tests.journey.decided import recommendation
from tests.journey.hospital import Hospital
from tests.notices import ACT_CODE, identifier

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.notices import Resource
    from tests.programs import Programs

CLOCK = code_system("clock")
ICD = "http://hl7.org/fhir/sid/icd-10-cm"
NUBC = "https://www.nubc.org/CodeSystem/PatDischargeStatus"


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


def policies(hospital: Hospital, target: Resource) -> set[str]:
    said = hospital.found("Provenance", target=f"{target['resourceType']}/{target['id']}")
    named = [each["agent"][0]["who"].get("identifier", {}) for each in said]
    return {each["value"] for each in named if each.get("system") == POLICY}


def clock(hospital: Hospital, code: str = "follow-up-7d") -> Resource:
    [found] = hospital.tasks(code)
    return found


def test_a_visit_told_late_completes_an_overdue_clock_and_calls_off_its_escalation(
    discharged: Hospital,
) -> None:
    day = discharged.now() + timedelta(days=2)
    discharged.pass_time(timedelta(days=10))
    assert clock(discharged)["businessStatus"]["text"] == "overdue"

    visit = discharged.visit(day)
    discharged.pass_time()

    done = clock(discharged)
    assert done["status"] == "completed"
    assert "businessStatus" not in done
    part_of = [{"reference": f"Task/{done['id']}"}]
    tasks = discharged.of_person("Task")
    [escalation] = [task for task in tasks if task.get("partOf") == part_of]
    assert escalation["status"] == "cancelled"
    assert f"Encounter/{visit['id']}" in escalation["statusReason"]["text"]

    discharged.put(visit | {"status": "entered-in-error"})
    discharged.pass_time()

    again = clock(discharged)
    assert (again["status"], again["businessStatus"]["text"]) == ("requested", "overdue")
    part_of = [{"reference": f"Task/{again['id']}"}]
    tasks = discharged.of_person("Task")
    [escalation] = [task for task in tasks if task.get("partOf") == part_of]
    assert escalation["status"] == "requested"


def test_a_clock_that_a_visit_completed_follows_its_stay_all_the_same(
    discharged: Hospital,
) -> None:
    [kept] = [each for each in discharged.of_person("Encounter") if each["status"] == "finished"]
    visit = discharged.visit(discharged.now() + timedelta(days=2))
    discharged.pass_time(timedelta(days=2))
    assert satisfied(clock(discharged)) == [f"Encounter/{visit['id']}"]

    opioids = {"reasonCode": [{"coding": [{"system": ICD, "code": "F11.20"}]}]}
    kept = discharged.put(kept | opioids)
    discharged.pass_time()
    assert "fui-7d" in [each["code"] for each in clock(discharged)["code"]["coding"]]
    assert satisfied(clock(discharged)) == [f"Encounter/{visit['id']}"]

    # By its version, for what led here may be deleted before anybody looks at it.
    said = discharged.found("Provenance", target=f"Task/{clock(discharged)['id']}")
    sources = {each["what"]["reference"] for one in said for each in one["entity"]}
    assert f"Encounter/{kept['id']}/_history/{kept['meta']['versionId']}" in sources

    # Who was seen on the day of their discharge is still to be seen after it.
    later = {"end": (discharged.now() + timedelta(days=1)).isoformat()}
    kept = discharged.put(kept | {"period": kept["period"] | later})
    discharged.pass_time(timedelta(days=2))
    moved = clock(discharged)
    assert (moved["status"], satisfied(moved)) == ("requested", [])

    discharged.visit(discharged.now() + timedelta(days=2))
    discharged.pass_time()
    assert clock(discharged)["status"] == "completed"


def satisfied(task: Resource) -> list[str]:
    return [each["valueReference"]["reference"] for each in task.get("output", ())]


def stay(hospital: Hospital, first: datetime, last: datetime | None, **changes: object) -> Resource:
    """Have the person in hospital once more, told as plain FHIR."""
    end = {"end": last.isoformat()} if last else {}
    kept = {
        "resourceType": "Encounter",
        "id": f"again-{hospital.person}",
        "status": "finished" if last else "in-progress",
        "class": {"system": ACT_CODE, "code": "IMP"},
        "subject": {"reference": hospital.patient},
        "period": {"start": first.isoformat()} | end,
        "reasonCode": [{"coding": [{"system": ICD, "code": "F33.1"}]}],
    }
    return hospital.put(kept | changes)


def clocks_of(hospital: Hospital, encounter: Resource) -> dict[str, Resource]:
    """The clocks that an Encounter has started, by their first code."""
    found = hospital.found("Task", patient=hospital.patient, code=f"{CLOCK}|")
    focus = {"reference": f"Encounter/{encounter['id']}"}
    return {each["code"]["coding"][0]["code"]: each for each in found if each["focus"] == focus}


def reason(task: Resource) -> str:
    code: str = task["statusReason"]["coding"][0]["code"]
    return code


def admitted(hospital: Hospital) -> Resource:
    """The person's episode, of today, active."""
    [episode] = hospital.of_person("EpisodeOfCare")
    since = hospital.now().isoformat(timespec="milliseconds")
    doctor = hospital.put({"resourceType": "Practitioner", "id": f"doctor-{hospital.person}"})
    hospital.put(recommendation(hospital.patient, hospital.now()))
    history = [{"status": "active", "period": {"start": since}}]
    active = episode | {"status": "active", "statusHistory": history, "period": {"start": since}}
    return hospital.put(active, f"Practitioner/{doctor['id']}")


def test_a_readmission_pauses_the_programme_and_its_clocks_which_the_last_discharge_restarts(
    discharged: Hospital,
) -> None:
    first = discharged.stay()
    episode = admitted(discharged)
    began = discharged.now() + timedelta(days=2)
    again = stay(discharged, began, None)
    discharged.pass_time()

    assert discharged.read(episode)["status"] == "onhold"
    paused = clocks_of(discharged, first)
    assert {each["status"] for each in paused.values()} == {"on-hold"}
    assert {reason(each) for each in paused.values()} == {"in-hospital"}

    discharged.pass_time(timedelta(days=9))
    assert clocks_of(discharged, first) == paused
    again = stay(discharged, began, discharged.now())
    discharged.pass_time()

    ended, running = clocks_of(discharged, first), clocks_of(discharged, again)
    assert {(each["status"], reason(each)) for each in ended.values()} == {
        ("cancelled", "restarted")
    }
    codes = [each["code"] for each in running["follow-up-7d"]["code"]["coding"]]
    assert codes == ["follow-up-7d", "fuh-7d"]
    assert {each["status"] for each in running.values()} == {"requested"}
    assert [task for task in discharged.of_person("Task") if "partOf" in task] == []
    [review] = discharged.tasks("readmission-review")
    assert review["focus"] == {"reference": f"EpisodeOfCare/{episode['id']}"}


def test_a_discharge_of_somebody_in_the_programme_asks_for_no_second_referral(
    discharged: Hospital,
) -> None:
    episode = admitted(discharged)
    discharged.pass_time(timedelta(days=3))
    end = discharged.now()
    discharged.send(
        discharged.notice(
            message=f"again-{discharged.person}",
            Encounter={
                "identifier": [identifier("stay", f"again-{discharged.person}")],
                "period": {
                    "start": (end - timedelta(days=1)).isoformat(),
                    "end": end.isoformat(),
                },
            },
        )
    )
    discharged.pass_time()

    [kept] = discharged.of_person("EpisodeOfCare")
    assert (kept["id"], kept["status"]) == (episode["id"], "onhold")
    [_] = discharged.tasks("referral")
    [review] = discharged.tasks("readmission-review")
    assert review["focus"] == {"reference": f"EpisodeOfCare/{episode['id']}"}
    running = [each for each in discharged.tasks("follow-up-7d") if each["status"] == "requested"]
    assert [each["focus"] for each in running] == [review["reasonReference"]]


def test_a_readmission_that_was_an_error_lets_everything_go_on(discharged: Hospital) -> None:
    first, episode = discharged.stay(), admitted(discharged)
    again = stay(discharged, discharged.now() + timedelta(days=1), None)
    discharged.pass_time()
    assert discharged.read(episode)["status"] == "onhold"

    discharged.put(again | {"status": "entered-in-error"})
    discharged.pass_time()

    assert discharged.read(episode)["status"] == "active"
    resumed = clocks_of(discharged, first)
    assert {each["status"] for each in resumed.values()} == {"requested"}
    assert all("statusReason" not in each for each in resumed.values())


def test_a_stay_for_something_else_excludes_the_first_discharge(discharged: Hospital) -> None:
    first, now = discharged.stay(), discharged.now()
    other = [{"coding": [{"system": ICD, "code": "S82.1"}]}]
    again = stay(discharged, now + timedelta(days=1), now + timedelta(days=3), reasonCode=other)
    discharged.pass_time()

    assert {reason(each) for each in clocks_of(discharged, first).values()} == {"excluded"}
    running = clocks_of(discharged, again)
    assert [len(each["code"]["coding"]) for each in running.values()] == [1, 1]


def test_an_emergency_visit_starts_its_clocks_which_an_admission_drops(
    discharged: Hospital,
) -> None:
    now = discharged.now()
    emergency = stay(
        discharged,
        now,
        now,
        id=f"er-{discharged.person}",
        **{"class": {"system": ACT_CODE, "code": "EMER"}},
    )
    discharged.pass_time()

    started = clocks_of(discharged, emergency)
    assert {name: each["status"] for name, each in started.items()} == {
        "fum-7d": "requested",
        "fum-30d": "requested",
    }
    assert started["fum-7d"]["restriction"]["period"] == {
        "start": now.date().isoformat(),
        "end": (now + timedelta(days=7)).date().isoformat(),
    }

    stay(discharged, now + timedelta(hours=1), None)
    discharged.pass_time()
    dropped = clocks_of(discharged, emergency)
    assert {(each["status"], reason(each)) for each in dropped.values()} == {
        ("cancelled", "admitted")
    }


def test_whoever_leaves_against_advice_is_called_on_the_same_day(hospital: Hospital) -> None:
    system = "http://terminology.hl7.org/CodeSystem/discharge-disposition"
    left = {"dischargeDisposition": {"coding": [{"system": system, "code": "aadvice"}]}}
    notice = hospital.discharged()
    period = notice["entry"][1]["resource"]["period"]
    hospital.send(hospital.notice(Encounter={"hospitalization": left, "period": period}))
    hospital.pass_time()

    [call] = hospital.tasks("outreach")
    today = hospital.now().date().isoformat()
    assert (call["priority"], call["restriction"]["period"]) == (
        "urgent",
        {"start": today, "end": today},
    )
    assert {each["status"] for each in clocks_of(hospital, hospital.stay()).values()} == {
        "requested"
    }


def test_who_was_declined_has_no_clock_that_runs(discharged: Hospital) -> None:
    [episode] = discharged.of_person("EpisodeOfCare")
    discharged.put(episode | {"status": "cancelled"})
    discharged.pass_time()

    ended = clocks_of(discharged, discharged.stay())
    assert {(each["status"], reason(each)) for each in ended.values()} == {
        ("cancelled", "declined")
    }


def test_a_suicide_screen_that_was_not_made_on_its_day_is_escalated_once(
    discharged: Hospital,
) -> None:
    today = discharged.now().date().isoformat()
    screen = discharged.put(
        {
            "resourceType": "Task",
            "id": f"screen-{discharged.person}",
            "status": "requested",
            "intent": "order",
            "code": {"coding": [{"system": code_system("task"), "code": "suicide-screen"}]},
            "for": {"reference": discharged.patient},
            "restriction": {"period": {"start": today, "end": today}},
        }
    )
    discharged.pass_time(timedelta(days=1))
    discharged.pass_time(timedelta(days=1))

    assert discharged.read(screen)["businessStatus"]["text"] == "overdue"
    part_of = [{"reference": f"Task/{screen['id']}"}]
    [escalation] = [t for t in discharged.of_person("Task") if t.get("partOf") == part_of]
    assert escalation["priority"] == "urgent"


@pytest.mark.parametrize("is_told_by_a_stay", [True, False])
def test_after_a_death_nothing_is_asked_and_nothing_sent(
    discharged: Hospital, *, is_told_by_a_stay: bool
) -> None:
    episode = admitted(discharged)
    person = {"reference": discharged.patient}
    booked = discharged.put(
        {
            "resourceType": "Appointment",
            "id": f"a-{discharged.person}",
            "status": "booked",
            "start": (discharged.now() + timedelta(days=3)).isoformat(),
            "end": (discharged.now() + timedelta(days=3, hours=1)).isoformat(),
            "participant": [{"actor": person, "status": "accepted"}],
        }
    )
    reminder = discharged.put(
        {
            "resourceType": "CommunicationRequest",
            "id": f"c-{discharged.person}",
            "status": "active",
            "subject": person,
        }
    )
    discharged.pass_time()
    now = discharged.now()
    if is_told_by_a_stay:
        expired = {"coding": [{"system": NUBC, "code": "20"}]}
        stay(discharged, now, now, hospitalization={"dischargeDisposition": expired})
    else:
        [patient] = discharged.patients()
        discharged.put(patient | {"deceasedBoolean": True})
    discharged.pass_time(timedelta(seconds=2))

    assert discharged.read(episode)["status"] == "finished"
    assert discharged.read(booked)["status"] == "cancelled"
    assert discharged.read(reminder)["status"] == "revoked"
    discharged.pass_time(timedelta(days=40))
    tasks = discharged.of_person("Task")
    assert {each["status"] for each in tasks} == {"cancelled"}
    assert all(each.get("businessStatus") is None for each in tasks)
    assert "care-ends-with-death|1.0" in policies(discharged, episode)
