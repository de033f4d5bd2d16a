"""What operations on a plan do where another person's resources are named: nothing to them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.programme_plan import PROFILE
from tests.journey.planning import Planned, issue, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs
    from tests.services.person import Resource


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=all_in_one.fhir, timeout=180, trust_env=False) as each:
        until(lambda: each.get("PlanDefinition/iop-adult").is_success)
        yield each


@pytest.fixture
def person(http: httpx.Client) -> Planned:
    return Planned(http)


@pytest.fixture
def other(http: httpx.Client) -> Planned:
    return Planned(http)


def a_plan(person: Planned, **more: object) -> Resource:
    """A draft plan that a clinician writes by hand."""
    return {
        "resourceType": "CarePlan",
        "id": f"plan-{uuid.uuid4()}",
        "meta": {"profile": [PROFILE]},
        "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">.</div>'},
        "status": "draft",
        "intent": "plan",
        "category": [
            {
                "coding": [
                    {
                        "system": "http://hl7.org/fhir/us/core/CodeSystem/careplan-category",
                        "code": "assess-plan",
                    }
                ]
            }
        ],
        "subject": person.reference,
        **more,
    }


def an_order(person: Planned) -> Resource:
    return person.put(
        {
            "resourceType": "ServiceRequest",
            "id": f"order-{uuid.uuid4()}",
            "status": "draft",
            "intent": "order",
            "subject": person.reference,
        }
    )


def referring_to(order: Resource) -> list[Resource]:
    return [{"reference": {"reference": f"ServiceRequest/{order['id']}"}}]


def test_a_proposal_about_one_person_revises_no_plan_of_another(
    person: Planned, other: Planned
) -> None:
    theirs = other.activate(other.apply())
    replaces = [{"reference": f"CarePlan/{theirs['id']}"}]
    proposal = person.put(a_plan(person, intent="proposal", replaces=replaces))

    refused = person.ask(f"CarePlan/{proposal['id']}/$accept-revision")

    assert refused.status_code == 409
    assert "not of the person" in issue(refused)
    assert other.read(theirs) == theirs
    assert person.read(proposal) == proposal


def test_a_plan_takes_in_no_order_of_another_person(person: Planned, other: Planned) -> None:
    own, theirs = an_order(person), an_order(other)

    assert person.write(a_plan(person, activity=referring_to(own))).is_success
    refused = person.write(a_plan(person, activity=referring_to(theirs)))

    assert refused.status_code == 422
    assert "not of the person" in issue(refused)


def test_an_order_that_becomes_another_persons_is_left_alone(
    person: Planned, other: Planned
) -> None:
    order = an_order(person)
    plan = person.put(a_plan(person, activity=referring_to(order)))
    moved = person.put(order | {"subject": other.reference})

    assert person.write(plan | {"status": "revoked"}).is_success
    person.pass_time()

    assert person.read(moved) == moved


def test_an_encounter_of_another_person_is_none_of_the_plan(
    person: Planned, other: Planned
) -> None:
    seen = {
        "resourceType": "Encounter",
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
    }
    own = person.put(seen | {"id": f"e-{person.id}", "subject": person.reference})
    theirs = other.put(seen | {"id": f"e-{other.id}", "subject": other.reference})
    asked = {"subject": f"Patient/{person.id}"}

    refused = person.ask(
        "PlanDefinition/iop-adult/$apply", **asked, encounter=f"Encounter/{theirs['id']}"
    )

    assert refused.status_code == 422
    assert "not of the person" in issue(refused)
    assert person.all("CarePlan") == []
    plan = person.apply(encounter=f"Encounter/{own['id']}")
    assert plan["encounter"] == {"reference": f"Encounter/{own['id']}"}


def test_what_a_clinician_has_begun_by_hand_is_not_written_over(person: Planned) -> None:
    begun = person.put(a_plan(person, activity=referring_to(an_order(person))))

    applied = person.apply()

    assert applied["id"] != begun["id"]
    assert person.read(begun) == begun
