"""Where a plan and the record disagree, people are told once, and when it ends."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.canonical import code_system
from tests.journey.planning import Planned, activity, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs
    from tests.services.person import Resource

LOINC = "http://loinc.org"
ICD_10 = "http://hl7.org/fhir/sid/icd-10-cm"


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    headers = {"X-Stepdown-Actor": "Practitioner/tester"}
    url = all_in_one.fhir
    with httpx.Client(base_url=url, headers=headers, timeout=180, trust_env=False) as each:
        yield each


@pytest.fixture
def person(http: httpx.Client) -> Iterator[Planned]:
    person = Planned(http)
    yield person
    assert person.episode is not None
    person.put(person.read(person.episode) | {"status": "cancelled"})


def told(person: Planned, kind: str) -> list[Resource]:
    return person.found("DetectedIssue", code=f"{code_system('detected-issue')}|{kind}")


def wait(person: Planned, moment: datetime) -> None:
    """Let days pass a few at a time, as each has sessions that many things follow from."""
    while (left := moment - person.now()) > timedelta():
        person.pass_time(min(left, timedelta(days=3)))


def test_a_goal_that_nobody_measures_is_told_until_somebody_does(person: Planned) -> None:
    plan = person.activate(person.apply())
    person.pass_time()
    goal = person.all("Goal")[0]
    measure = {"coding": [{"system": LOINC, "code": "101698-9"}]}
    person.put(goal | {"target": [goal["target"][0] | {"measure": measure}]})
    [found] = until(lambda: told(person, "goal-not-measured"))
    cited = [each["reference"] for each in found["implicated"]]
    assert cited == [f"CarePlan/{plan['id']}", f"Goal/{goal['id']}"]
    assert "PCL-5" in found["detail"]
    assert "mitigation" not in found
    [said] = person.told_of(found)
    assert said["agent"][0]["who"]["identifier"]["value"] == "plan-and-record|1.0"
    trauma = {"resourceType": "Condition", "id": f"c-{person.id}", "subject": person.reference}
    person.put(trauma | {"code": {"coding": [{"system": ICD_10, "code": "F43.10"}]}})
    until(lambda: "mitigation" in person.read(found))
    assert len(told(person, "goal-not-measured")) == 1


def test_a_session_that_was_not_booked_is_told_until_one_is(person: Planned) -> None:
    person.activate(person.apply())
    until(lambda: person.all("Appointment", status="booked"))
    person.pass_time()
    [order] = [
        each
        for each in person.all("ServiceRequest", status="active")
        if each["instantiatesCanonical"][0].startswith(activity("psychoeducation"))
    ]
    monday = (person.now() + timedelta(days=7)).replace(hour=0, minute=0, second=0, microsecond=0)
    monday -= timedelta(days=monday.weekday())
    sunday = monday + timedelta(days=7)
    for each in person.all("Appointment", status="booked"):
        named = each["basedOn"][0]["reference"] == f"ServiceRequest/{order['id']}"
        if named and monday <= datetime.fromisoformat(each["start"]) < sunday:
            person.put(each | {"status": "cancelled"})
    wait(person, sunday + timedelta(days=3))
    about = f"ServiceRequest/{order['id']}"
    [found] = [each for each in told(person, "session-not-booked") if about in str(each)]
    assert monday.date().isoformat() in found["detail"]
    wait(person, sunday + timedelta(days=10))
    assert person.read(found)["mitigation"][0]["action"]["text"]
