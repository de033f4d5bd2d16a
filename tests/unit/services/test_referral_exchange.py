"""What a partner's server is told of a referral, and where it may be told."""

from __future__ import annotations

from typing import Any

import pytest

from services.progress_api.domain.exchange import steps
from services.progress_api.domain.exchange.packet import Sent, packet
from services.progress_api.domain.exchange.partner import base_of, may_be_called
from shared.care.canonical import code_system
from shared.care.elsewhere import URI, known_as
from shared.care.referral.machine import TRANSITIONS
from shared.care.referral.task import business_status
from shared.fhir.validation import validate

Resource = dict[str, Any]
HERE, THERE = "https://here.example/fhir", "https://there.example/fhir"
HANDOFF = {"coding": [{"system": code_system("task"), "code": "handoff"}]}


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://clinic.example/fhir", True),
        ("https://clinic.example:8443/fhir", True),
        ("http://127.0.0.1:8000/fhir", True),
        ("http://localhost:8000/fhir", True),
        ("http://[::1]:8000/fhir", True),
        ("http://10.1.2.3/fhir", True),
        ("http://clinic.example/fhir", False),
        ("http://localhost.example/fhir", False),
        ("http://8.8.8.8/fhir", False),
        ("http://169.254.169.254/fhir", False),
        ("http://[fe80::1]/fhir", False),
        ("https://user@clinic.example/fhir", False),
        ("https://clinic.example/fhir?x=1", False),
        ("https://clinic.example/fhir#x", False),
        ("https://clinic.example:port/fhir", False),
        ("https://[::1/fhir", False),
        ("https:///fhir", False),
        ("ftp://clinic.example/fhir", False),
        ("file:///etc/passwd", False),
    ],
)
def test_an_address_may_be_called(address: str, *, expected: bool) -> None:
    assert may_be_called(address) is expected


def an_endpoint(**changes: object) -> Resource:
    told = {"status": "active", "connectionType": {"code": "hl7-fhir-rest"}, "address": f"{THERE}/"}
    return told | changes


def test_a_base_is_that_of_an_endpoint_in_use() -> None:
    others = [an_endpoint(status="off"), an_endpoint(connectionType={"code": "direct-project"})]

    assert base_of([*others, an_endpoint()]) == THERE
    assert base_of(others) is None


def a_task(status: str = "received", code: str | None = "2.0", **changes: Any) -> Resource:  # noqa: ANN401
    business = {"businessStatus": business_status(code)} if code else {}
    return {
        "resourceType": "Task",
        "id": "t",
        "status": status,
        "intent": "order",
        "code": HANDOFF,
        "for": {"reference": "Patient/p"},
        "focus": {"reference": "ServiceRequest/s"},
        "requester": {"reference": "Practitioner/x"},
        "owner": {"reference": "Organization/o", "identifier": known_as(THERE)},
        **business,
        **changes,
    }


RECEIVED: Resource = {
    "requester": {"reference": "Organization/a", "identifier": known_as(f"{THERE}/Organization/1")},
    "owner": {"reference": "Organization/o"},
    "identifier": [known_as(f"{THERE}/Task/7")],
    "for": {"reference": "Patient/p", "identifier": known_as(f"{THERE}/Patient/1")},
    "focus": {"reference": "ServiceRequest/s", "identifier": known_as(f"{THERE}/ServiceRequest/2")},
}


def test_a_referral_is_sent_once_and_only_by_whoever_asks() -> None:
    task = a_task()
    at_home = a_task(owner={"reference": "Organization/o"})

    assert steps.is_sent(None, task)
    assert steps.is_sent(a_task("draft", None), task)
    assert not steps.is_sent(task, task)
    assert not steps.is_sent(None, a_task(**RECEIVED))
    assert steps.is_shared(task)
    assert not steps.is_shared(at_home)


@pytest.mark.parametrize("step", TRANSITIONS, ids=lambda each: each.tid)
def test_each_side_tells_its_own_steps_and_never_the_others(step: Any) -> None:  # noqa: ANN401
    if step.before.status == "draft" or step.before.business is None:
        return
    before, after = (a_task(each.status, each.business) for each in (step.before, step.after))
    actors = {
        each.actor for each in TRANSITIONS if (each.before, each.after) == (step.before, step.after)
    }
    if step.before == step.after:
        return

    assert steps.is_own_step(before, after) is ("initiator" in actors)
    theirs = (before | RECEIVED, after | RECEIVED)
    assert steps.is_own_step(*theirs) is ("recipient" in actors)


def test_a_plain_step_is_told_by_whoever_may_take_it() -> None:
    before, after = a_task("requested", None), a_task("accepted", None)

    assert not steps.is_own_step(before, after)
    assert steps.is_own_step(before | RECEIVED, after | RECEIVED)


def test_a_task_is_found_there_by_its_address_or_as_it_is_known_here() -> None:
    assert steps.path_there(a_task(**RECEIVED), HERE, THERE) == "Task/7"
    assert steps.path_there(a_task(**RECEIVED), HERE, "https://other.example/fhir") is None
    asked = steps.path_there(a_task(), HERE, THERE)
    assert asked is not None
    assert asked.startswith("Task?identifier=urn%3Aietf%3Arfc%3A3986%7Chttps%3A//here.example")


def test_a_visit_goes_to_those_who_asked_as_they_know_the_person() -> None:
    encounter: Resource = {"resourceType": "Encounter", "id": "v", "status": "finished", "text": {}}
    encounter |= {"class": {"code": "AMB"}, "reasonCode": [{"text": "private"}]}
    visit = steps.visit(encounter, a_task(**RECEIVED), HERE, THERE)

    assert visit is not None
    assert visit["subject"] == {"reference": "Patient/1"}
    assert visit["basedOn"] == [{"reference": "ServiceRequest/2"}]
    assert "private" not in str(visit)
    assert steps.visit(encounter, a_task(), HERE, THERE) is None


def test_outputs_are_told_so_that_they_can_be_read_there() -> None:
    told = {"type": {"text": "x"}, "valueReference": {"reference": "Appointment/a"}}
    appointment = {"resourceType": "Appointment", "id": "a", "start": "2026-05-04T10:00:00Z"}

    said = steps.output(told, appointment, None, HERE)
    assert said == {"type": {"text": "x"}, "valueDateTime": "2026-05-04T10:00:00Z"}
    named = steps.output(told, None, None, HERE)
    assert named["valueReference"] == {"identifier": known_as(f"{HERE}/Appointment/a")}


def sent(**changes: object) -> Sent:
    patient: Resource = {"resourceType": "Patient", "id": "p", "maritalStatus": {"text": "private"}}
    request = {"resourceType": "ServiceRequest", "id": "s", "status": "active", "intent": "order"}
    document = {"resourceType": "Bundle", "id": "b", "type": "collection"}
    summary: Resource = {"resourceType": "DocumentReference", "id": "d", "status": "current"}
    summary |= {"type": {"text": "Summary"}, "content": [{"attachment": {"url": "Bundle/b"}}]}
    told: Resource = {
        "task": a_task(),
        "request": request,
        "patient": patient,
        "owner": {"resourceType": "Organization", "id": "o", "name": "Clinic"},
        "requester": {"resourceType": "Organization", "id": "us", "name": "Us"},
        "summary": summary,
        "document": document,
    }
    return Sent(HERE, THERE, **(told | changes))


def test_a_packet_is_created_only_once_and_holds_together() -> None:
    bundle = packet(sent())
    entries = {each["resource"]["resourceType"]: each for each in bundle["entry"]}

    assert validate(bundle) == []
    assert all("identifier=" in each["request"]["ifNoneExist"] for each in bundle["entry"])
    assert set(entries) == {
        "Patient", "Organization", "ServiceRequest", "Bundle", "DocumentReference", "Task",
    }  # fmt: skip
    task = entries["Task"]["resource"]
    assert task["identifier"] == [known_as(f"{HERE}/Task/t")]
    assert task["for"]["reference"] == entries["Patient"]["fullUrl"]
    assert task["focus"]["identifier"] == known_as(f"{HERE}/ServiceRequest/s")
    assert task["requester"]["identifier"] == known_as(f"{HERE}/Practitioner/x")
    assert "identifier" not in task["owner"]
    [content] = entries["DocumentReference"]["resource"]["content"]
    assert content["attachment"]["url"] == entries["Bundle"]["fullUrl"]
    assert "private" not in str(bundle)
    assert bundle == packet(sent())


def test_whom_the_partner_has_told_of_goes_by_the_partners_name() -> None:
    known = {"resourceType": "Patient", "id": "p", "identifier": [known_as(f"{THERE}/Patient/9")]}
    entries = packet(sent(patient=known))["entry"]
    task = next(e["resource"] for e in entries if e["resource"]["resourceType"] == "Task")

    assert task["for"]["reference"] == "Patient/9"
    assert "Patient" not in {each["resource"]["resourceType"] for each in entries}


def test_what_an_identifier_holds_is_no_syntax() -> None:
    name = {"system": "http://x", "value": "a,b|c&d"}
    known = {"resourceType": "Patient", "id": "p", "identifier": [name]}
    condition = packet(sent(patient=known))["entry"][0]["request"]["ifNoneExist"]

    assert condition.startswith("identifier=http%3A//x%7Ca%5C%2Cb%5C%7Cc%26d%2C")
    assert URI.replace(":", "%3A") in condition
