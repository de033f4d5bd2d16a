"""Clocks as in IET and TRC over HTTP: treatment begun and kept up, papers that follow a stay."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.canonical import code_system
from tests.journey.hospital import Hospital

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.notices import Resource
    from tests.programs import Programs

CLOCK = code_system("clock")
ALCOHOL = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "F10.20"}]}
MEDICARE_ADVANTAGE = {"system": "https://nahdo.org/sopt", "code": "111"}
REVIEW = {"system": "http://snomed.info/sct", "code": "182836005"}
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def http(stack: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.fhir, timeout=180, trust_env=False) as each:
        yield each


@pytest.fixture
def hospital(http: httpx.Client) -> Hospital:
    return Hospital(http)


def clocks(hospital: Hospital, encounter: Resource) -> dict[str, Resource]:
    """The clocks that an Encounter has started, by their code, once all that follows is done."""
    hospital.pass_time()
    found = hospital.found("Task", patient=hospital.patient, code=f"{CLOCK}|")
    focus = {"reference": f"Encounter/{encounter['id']}"}
    return {each["code"]["coding"][0]["code"]: each for each in found if each["focus"] == focus}


def period(task: Resource) -> tuple[str, str]:
    told = task["restriction"]["period"]
    return told["start"], told["end"]


def days(first: datetime, start: int, end: int) -> tuple[str, str]:
    return str((first + start * DAY).date()), str((first + end * DAY).date())


def satisfied_by(task: Resource) -> list[str]:
    return [each["valueReference"]["reference"] for each in task.get("output", ())]


def standing(found: dict[str, Resource]) -> dict[str, tuple[str, bool]]:
    """Whether each clock is open, and whether it is overdue."""
    return {name: (each["status"], "businessStatus" in each) for name, each in found.items()}


def escalated(hospital: Hospital, task: Resource) -> list[Resource]:
    part_of = [{"reference": f"Task/{task['id']}"}]
    return [each for each in hospital.of_person("Task") if each.get("partOf") == part_of]


def test_treatment_of_substance_use_is_begun_and_kept_up_or_escalated_once(
    hospital: Hospital,
) -> None:
    hospital.send(hospital.discharged())
    begun = hospital.now()
    diagnosed = hospital.visit(begun, reasonCode=[ALCOHOL])

    found = clocks(hospital, diagnosed)
    assert standing(found) == {"iet-initiation": ("requested", False)}
    assert period(found["iet-initiation"]) == days(begun, 0, 13)

    first = hospital.visit(begun + 3 * DAY)
    found = clocks(hospital, diagnosed)
    assert satisfied_by(found["iet-initiation"]) == [f"Encounter/{first['id']}"]
    assert standing(found)["iet-engagement"] == ("requested", False)
    assert period(found["iet-engagement"]) == days(begun, 4, 37)

    second = hospital.visit(begun + 4 * DAY)
    hospital.visit(begun + 38 * DAY)
    hospital.pass_time(40 * DAY)
    found = clocks(hospital, diagnosed)
    assert standing(found)["iet-engagement"] == ("requested", True)
    [escalation] = escalated(hospital, found["iet-engagement"])

    third = hospital.visit(begun + 37 * DAY)
    found = clocks(hospital, diagnosed)
    assert standing(found)["iet-engagement"] == ("completed", False)
    named = [f"Encounter/{each['id']}" for each in (second, third)]
    assert satisfied_by(found["iet-engagement"]) == named
    assert hospital.read(escalation)["status"] == "cancelled"


def stay(hospital: Hospital) -> Resource:
    """Have somebody of whom Medicare Advantage asks it come home after a day in hospital."""
    hospital.send(hospital.notice("admit"))
    person = {"reference": hospital.patient}
    hospital.put(
        {
            "resourceType": "Coverage",
            "id": f"c-{hospital.person}",
            "status": "active",
            "type": {"coding": [MEDICARE_ADVANTAGE]},
            "beneficiary": person,
            "payor": [person],
        }
    )
    end = hospital.now()
    told = {"start": (end - DAY).isoformat(), "end": end.isoformat()}
    hospital.send(hospital.notice(Encounter={"period": told}))
    return hospital.stay()


def summary(hospital: Hospital, day: datetime) -> Resource:
    return hospital.put(
        {
            "resourceType": "DocumentReference",
            "id": f"d-{hospital.person}",
            "status": "current",
            "type": {"coding": [{"system": "http://loinc.org", "code": "18842-5"}]},
            "subject": {"reference": hospital.patient},
            "date": day.isoformat(),
            "content": [{"attachment": {"contentType": "text/plain", "data": "SG9tZS4="}}],
        }
    )


def test_the_papers_of_a_stay_are_waited_for_in_their_days(hospital: Hospital) -> None:
    left = stay(hospital)
    home = datetime.fromisoformat(left["period"]["end"])

    found = clocks(hospital, left)
    assert {name: each["status"] for name, each in found.items() if name.startswith("trc-")} == {
        "trc-notification": "completed",
        "trc-discharge-information": "requested",
        "trc-medication-reconciliation": "requested",
    }
    assert period(found["trc-notification"]) == days(home, -1, 1)
    assert satisfied_by(found["trc-notification"]) == [f"Encounter/{left['id']}"]
    assert period(found["trc-discharge-information"]) == days(home, 0, 2)
    assert period(found["trc-medication-reconciliation"]) == days(home, 0, 30)
    codings = [each["code"] for each in found["follow-up-30d"]["code"]["coding"]]
    assert "trc-engagement" in codings

    hospital.pass_time(4 * DAY)
    late = summary(hospital, home + 3 * DAY)
    found = clocks(hospital, left)
    assert standing(found)["trc-discharge-information"] == ("requested", True)
    [escalation] = escalated(hospital, found["trc-discharge-information"])

    summary(hospital, home + 2 * DAY)
    reconciled = hospital.visit(home + 4 * DAY, type=[{"coding": [REVIEW]}])
    found = clocks(hospital, left)
    information = found["trc-discharge-information"]
    assert standing(found)["trc-discharge-information"] == ("completed", False)
    assert satisfied_by(information) == [f"DocumentReference/{late['id']}"]
    assert hospital.read(escalation)["status"] == "cancelled"
    named = satisfied_by(found["trc-medication-reconciliation"])
    assert named == [f"Encounter/{reconciled['id']}"]
