"""A proposal stands as long as its evidence does; who accepted it is told when that is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.canonical import POLICY, code_system
from tests.journey.answering import response
from tests.journey.merging import settled, versioned
from tests.journey.planning import Planned, until
from tests.journey.test_corrections import answered, phq_9

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs
    from tests.services.person import Resource

ACCEPT, REJECT = "$accept-revision", "$reject-revision"
CHANGE = f"{code_system('measure')}|phq-9-change"
REVIEW = f"{code_system('task')}|plan-review"
CORRECTION = f"{code_system('task')}|correction-review"


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=all_in_one.fhir, timeout=180, trust_env=False) as each:
        until(lambda: each.get("PlanDefinition/iop-adult").is_success)
        yield each


@pytest.fixture
def person(http: httpx.Client) -> Planned:
    """A person with a plan in force."""
    person = Planned(http)
    person.activate(person.apply(practitioner=person.clinician))
    until(lambda: {each["status"] for each in person.all("ServiceRequest")} == {"active"})
    return person


@pytest.fixture
def baseline(person: Planned) -> Resource:
    """The first answers of somebody who then worsens reliably."""
    first = answered(person, 12, 1)
    answered(person, 20, 9)
    settled(person)
    return first


def amended(person: Planned, answers: Resource, total: int) -> Resource:
    items = response("phq-9", person.reference, answers["authored"], phq_9(total))["item"]
    return person.put(answers | {"status": "amended", "item": items})


def proposal(person: Planned) -> Resource:
    [found] = person.all("CarePlan", intent="proposal")
    return dict(found)


def review(person: Planned) -> Resource:
    [found] = person.all("Task", code=REVIEW)
    return dict(found)


def test_a_proposal_whose_evidence_is_corrected_is_withdrawn_and_made_again(
    person: Planned, baseline: Resource
) -> None:
    assert (proposal(person)["status"], review(person)["status"]) == ("draft", "requested")
    first = proposal(person)

    amended(person, baseline, 18)
    settled(person)

    withdrawn, task = proposal(person), review(person)
    assert (withdrawn["id"], withdrawn["status"]) == (first["id"], "revoked")
    assert "corrected" in withdrawn["note"][0]["text"]
    assert task["status"] == "cancelled"
    assert task["statusReason"]["coding"][0]["code"] == "withdrawn"
    assert person.all("ServiceRequest", status="draft") == []
    assert person.all("Task", code=CORRECTION) == []
    [change] = person.found("Observation", code=CHANGE)
    [said] = [
        each
        for each in person.told_of(withdrawn)
        if each["entity"][0]["what"]["reference"] == versioned(change)
    ]
    who = said["agent"][0]["who"]["identifier"]
    assert who == {"system": POLICY, "value": "derived-follows-evidence|1.0"}

    amended(person, baseline, 12)
    settled(person)

    again = proposal(person)
    assert again["status"] == "draft"
    assert "note" not in again
    assert {n: v for n, v in again.items() if n != "meta"} == {
        n: v for n, v in first.items() if n != "meta"
    }
    assert review(person)["status"] == "requested"
    assert "statusReason" not in review(person)
    assert len(person.all("ServiceRequest", status="draft")) == 2


def test_who_accepted_what_was_corrected_afterwards_is_asked_to_look_again(
    person: Planned, baseline: Resource
) -> None:
    accepted = person.ask(f"CarePlan/{proposal(person)['id']}/{ACCEPT}")
    assert accepted.is_success, accepted.text
    settled(person)
    assert person.all("Task", code=CORRECTION) == []
    plan = accepted.json()

    amended(person, baseline, 18)
    settled(person)

    [task] = person.all("Task", code=CORRECTION)
    assert task["status"] == "requested"
    assert task["owner"] == {"reference": person.clinician}
    assert task["focus"] == {"reference": f"CarePlan/{proposal(person)['id']}"}
    assert proposal(person)["status"] == "completed"
    assert person.read(plan)["activity"] == plan["activity"]

    amended(person, baseline, 12)
    settled(person)
    assert [each["status"] for each in person.all("Task", code=CORRECTION)] == ["cancelled"]


def test_what_was_rejected_stays_rejected_whatever_is_corrected(
    person: Planned, baseline: Resource
) -> None:
    address = f"CarePlan/{proposal(person)['id']}/{REJECT}"
    assert person.ask(address, reason="A bad week.").is_success
    before = proposal(person), review(person)

    for total in (18, 12):
        amended(person, baseline, total)
        settled(person)

    assert (proposal(person), review(person)) == before
    assert person.all("Task", code=CORRECTION) == []


def test_a_worsening_that_was_another_persons_is_proposed_to_their_team(
    http: httpx.Client, person: Planned, baseline: Resource
) -> None:
    other = Planned(http)
    other.activate(other.apply(practitioner=other.clinician))
    answered(other, 10, 1)
    last = max(person.all("QuestionnaireResponse"), key=lambda each: str(each["authored"]))

    person.put(last | {"subject": other.reference})
    settled(person)

    assert proposal(person)["status"] == "revoked"
    assert proposal(other)["status"] == "draft"
    assert proposal(other)["subject"] == other.reference
