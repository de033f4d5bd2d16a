"""A referral that does not go on is marked overdue and escalated, once for each step."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from shared.care.canonical import code_system
from shared.care.referral.machine import State
from tests.journey.participant import Participant
from tests.journey.referring import a_referral, moved, places, stands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs
    from tests.services.person import Resource

DAY = timedelta(days=1)
CLINIC, CLINICIAN = "Organization/clinic", "Practitioner/tester"
OVERDUE = (code_system("clock"), "overdue")


@pytest.fixture(scope="module")
def http(stack: Programs) -> Iterator[httpx.Client]:
    headers = {"X-Stepdown-Actor": CLINICIAN}
    with httpx.Client(base_url=stack.fhir, headers=headers, timeout=180, trust_env=False) as each:
        each.put("Practitioner/tester", json={"resourceType": "Practitioner", "id": "tester"})
        places(each)
        yield each


@pytest.fixture
def person(http: httpx.Client) -> Iterator[Participant]:
    person = Participant(http)
    yield person
    person.leaves()


def handed_off(person: Participant, *, plain: bool = False) -> Resource:
    told = [
        {"name": "recipient", "valueReference": {"reference": CLINIC}},
        {"name": "plain", "valueBoolean": plain},
    ]
    path = f"EpisodeOfCare/{person.episode['id']}/$handoff"
    answer = person.http.post(path, json={"resourceType": "Parameters", "parameter": told})
    assert answer.is_success, answer.text
    [task] = [e["resource"] for e in answer.json()["parameter"] if e["name"] == "task"]
    person.pass_time()
    return dict(task)


def escalations(person: Participant, task: Resource) -> list[Resource]:
    part_of = {"reference": f"Task/{task['id']}"}
    return [each for each in person.found("Task") if part_of in each.get("partOf", ())]


def statuses(person: Participant, task: Resource) -> list[str]:
    found = sorted(escalations(person, task), key=lambda each: str(each["authoredOn"]))
    return [each["status"] for each in found]


def becomes(person: Participant, task: Resource, status: str, actor: str) -> None:
    """Take a plain step, and let what follows from it happen."""
    headers = {"X-Stepdown-Actor": actor}
    after = person.read(task) | {"status": status}
    answer = person.http.put(f"Task/{task['id']}", json=after, headers=headers)
    assert answer.is_success, answer.text
    person.pass_time()


def reviewed(person: Participant, episode: Resource | None = None) -> Resource:
    """Ask a clinic by a plain Task, or the programme, whose episode answers."""
    request = person.put(
        {
            "resourceType": "ServiceRequest",
            "id": f"s-{person.id}",
            "status": "active",
            "intent": "order",
            "subject": person.reference,
        }
    )
    asked = {"reference": f"ServiceRequest/{request['id']}"}
    if episode:
        person.put(person.read(episode) | {"referralRequest": [asked]})
    named: dict[str, Any] = {"for": person.reference}
    task = a_referral(
        State("requested", None),
        focus=asked,
        owner={"reference": CLINIC},
        **named,
    )
    written = person.put(task)
    person.pass_time()
    return written


def is_overdue(person: Participant, task: Resource) -> bool:
    said = person.read(task).get("businessStatus", {}).get("coding", ())
    return OVERDUE in {(each["system"], each["code"]) for each in said}


def test_each_step_that_is_late_is_escalated_once(person: Participant) -> None:
    task = handed_off(person)
    person.pass_time(2 * DAY)
    assert not is_overdue(person, task)
    person.pass_time(DAY)

    assert is_overdue(person, task)
    assert stands(person.read(task)) == ("received", "2.0")
    [first] = escalations(person, task)
    assert first["priority"] == "urgent"
    assert first["focus"] == {"reference": f"Task/{task['id']}"}
    policies = [str(each["agent"]) for each in person.told_of(first)]
    assert "referral-step-deadline|1.1" in policies[0]

    person.put(person.read(task) | {"note": [{"text": "Called them."}]})
    person.pass_time(5 * DAY)
    # The escalation is late by now itself, and nobody is asked a second time.
    [late] = escalations(person, task)
    assert (late["id"], late["status"]) == (first["id"], "requested")
    assert is_overdue(person, late)

    moved(person.http, task, "accept", CLINIC)
    person.pass_time(6 * DAY)
    assert not is_overdue(person, task)
    [called_off] = escalations(person, task)
    assert called_off["status"] == "cancelled"
    assert called_off["statusReason"]["coding"][0]["code"] == "gone-on"
    person.pass_time(3 * DAY)
    assert is_overdue(person, task)
    assert statuses(person, task) == ["cancelled", "requested"]


def test_a_step_in_time_escalates_nothing(person: Participant) -> None:
    task = handed_off(person)
    for trigger in ("accept", "schedule", "send-outcome"):
        person.pass_time(DAY)
        moved(person.http, task, trigger, CLINIC)
    person.pass_time(40 * DAY)

    assert escalations(person, task) == []
    assert stands(person.read(task)) == ("completed", "7.0")


def test_another_appointment_has_a_deadline_of_its_own(person: Participant) -> None:
    task = handed_off(person)
    for trigger in ("accept", "schedule"):
        moved(person.http, task, trigger, CLINIC)
    person.pass_time(10 * DAY)
    moved(person.http, task, "reschedule", CLINIC)
    person.put(person.read(task) | {"note": [{"text": "They come on another day."}]})
    person.pass_time(10 * DAY)
    assert escalations(person, task) == []
    person.pass_time(6 * DAY)
    assert len(escalations(person, task)) == 1


def test_a_step_of_the_plain_way_is_escalated_once(person: Participant) -> None:
    task = handed_off(person, plain=True)
    person.pass_time(3 * DAY)
    assert len(person.read(task)["businessStatus"]["coding"]) == 1
    assert is_overdue(person, task)
    accepted = person.read(task) | {"status": "accepted"}
    headers = {"X-Stepdown-Actor": CLINIC}
    answer = person.http.put(f"Task/{task['id']}", json=accepted, headers=headers)
    assert answer.is_success, answer.text
    person.pass_time(DAY)

    assert "businessStatus" not in person.read(task)
    assert statuses(person, task) == ["cancelled"]


def test_who_sees_to_an_escalation_keeps_it_when_the_step_is_made(person: Participant) -> None:
    task = handed_off(person, plain=True)
    person.pass_time(3 * DAY)
    [escalation] = escalations(person, task)
    person.put(escalation | {"status": "in-progress", "owner": {"reference": CLINICIAN}})
    becomes(person, task, "accepted", CLINIC)

    assert "businessStatus" not in person.read(task)
    assert statuses(person, task) == ["in-progress"]


def test_each_late_step_of_a_plain_review_is_escalated_once(person: Participant) -> None:
    task = reviewed(person)
    person.pass_time(7 * DAY)
    assert escalations(person, task) == []
    person.pass_time(DAY)
    assert is_overdue(person, task)
    person.pass_time(5 * DAY)
    assert statuses(person, task) == ["requested"]

    becomes(person, task, "accepted", CLINIC)
    assert not is_overdue(person, task)
    assert statuses(person, task) == ["cancelled"]
    person.pass_time(8 * DAY)
    assert statuses(person, task) == ["cancelled", "requested"]
    becomes(person, task, "in-progress", CLINIC)
    becomes(person, task, "completed", CLINIC)
    person.pass_time(30 * DAY)
    assert statuses(person, task) == ["cancelled", "cancelled"]


def test_a_review_waits_for_the_programme_only_until_its_episode_is_decided_on(
    http: httpx.Client,
) -> None:
    person = Participant(http, "planned")
    task = reviewed(person, person.episode)
    person.pass_time(8 * DAY)
    assert statuses(person, task) == ["requested"]

    person.becomes("waitlist")
    person.pass_time()
    assert not is_overdue(person, task)
    assert statuses(person, task) == ["cancelled"]
    person.becomes("planned")
    person.pass_time()
    assert statuses(person, task) == ["requested"]
    person.is_admitted()
    person.pass_time(30 * DAY)
    assert statuses(person, task) == ["cancelled"]
    person.leaves()


def test_a_step_that_falls_due_while_intake_is_down_is_escalated_once(
    stack: Programs, person: Participant
) -> None:
    task = handed_off(person)
    stack.kill("intake")
    stack.start("intake")
    person.pass_time(4 * DAY)
    stack.kill("intake")
    stack.start("intake")
    person.pass_time(DAY)

    assert is_overdue(person, task)
    assert len(escalations(person, task)) == 1
