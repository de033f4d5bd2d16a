"""A plan comes into force with the signatures of its team, and only then."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.journey.applying import Preferring
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


def colleague(person: Planned) -> str:
    made = person.put({"resourceType": "Practitioner", "id": f"c-{uuid.uuid4()}"})
    return f"Practitioner/{made['id']}"


def signatures(person: Planned, plan: Resource, status: str = "requested") -> list[Resource]:
    return person.all("Task", focus=f"CarePlan/{plan['id']}", code="sign-off", status=status)


def owners(tasks: list[Resource]) -> set[str]:
    return {each["owner"]["reference"] for each in tasks}


def test_a_plan_waits_for_everybody_who_signs(person: Planned) -> None:
    other = colleague(person)
    plan = person.apply(practitioner=other)
    tasks = {each["owner"]["reference"]: each for each in signatures(person, plan)}
    assert set(tasks) == {person.clinician, other}

    mine = tasks[person.clinician] | {"status": "completed"}
    assert person.write(mine, person.clinician).is_success
    refused = person.write(plan | {"status": "active"})
    waiting = person.write(plan | {"status": "on-hold"})

    assert (refused.status_code, waiting.status_code) == (422, 422)
    assert f"not signed by {other};" in issue(refused)
    assert person.read(plan) == plan
    for actor in (person.clinician, None):
        forged = person.write(tasks[other] | {"status": "completed"}, actor)
        assert forged.status_code == 403
        assert "completed by its owner" in issue(forged)
    assert person.write(tasks[other] | {"status": "completed"}, other).is_success
    assert person.write(plan | {"status": "active"}).is_success


def test_a_draft_that_is_changed_is_signed_again(person: Planned) -> None:
    plan = person.apply()
    [before] = signatures(person, plan)
    person.sign(plan)
    changed = person.write(plan | {"description": "Fewer words, more walks."}).json()

    [again] = until(lambda: signatures(person, plan))

    assert again["id"] != before["id"]
    refused = person.write(changed | {"status": "active"})
    assert refused.status_code == 422
    assert "as it stands is not signed" in issue(refused)
    assert person.activate(changed)["status"] == "active"


def test_an_order_that_is_changed_is_signed_again_and_open_tasks_are_called_off(
    person: Planned,
) -> None:
    plan = person.apply()
    [before] = signatures(person, plan)
    order = next(each for each in person.all("ServiceRequest") if "occurrenceTiming" in each)
    timing = order["occurrenceTiming"]
    longer = timing | {"repeat": timing["repeat"] | {"duration": 90}}
    person.put(order | {"occurrenceTiming": longer})

    until(lambda: signatures(person, plan, "cancelled"))
    [again] = until(lambda: signatures(person, plan))

    assert person.read(before)["status"] == "cancelled"
    assert again["id"] != before["id"]
    assert person.activate(plan)["status"] == "active"


def test_who_joins_the_team_of_a_draft_signs_too(person: Planned) -> None:
    plan, other = person.apply(), colleague(person)
    [team] = person.all("CareTeam")
    joins = {"role": [{"text": "Member of the team"}], "member": {"reference": other}}
    person.put(team | {"participant": [*team["participant"], joins]})

    until(lambda: owners(signatures(person, plan)) == {person.clinician, other})

    assert person.activate(plan)["status"] == "active"


@pytest.mark.parametrize(("age", "status"), [(15, 200), (40, 422)])
def test_a_plan_holds_the_hours_that_its_own_policies_ask_of_the_person(
    http: httpx.Client, age: int, status: int
) -> None:
    person = Preferring(http)
    born = f"{datetime.now(UTC).year - age}-01-01"
    person.put({"resourceType": "Patient", "id": person.id, "birthDate": born})
    plan = person.plan("iop-adolescent")
    kept = {"Group therapy", "Cognitive behavioural therapy", "Dialectical behaviour therapy"}
    fewer = [each for each in plan["activity"] if each["reference"]["display"] in kept]
    draft = person.write(plan | {"activity": fewer}).json()
    person.sign(draft)

    answer = person.write(draft | {"status": "active"})

    assert answer.status_code == status, answer.text
    if status == 422:
        assert "holds 6 hours a week that count; cfr-410.44c asks for at least 9" in issue(answer)
