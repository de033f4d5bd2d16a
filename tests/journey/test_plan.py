"""A clinician has a template applied to a person, sees its hours, and makes the plan active."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.canonical import CANONICAL, profile
from tests.journey.planning import Planned, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=all_in_one.fhir, timeout=30, trust_env=False) as each:
        until(lambda: each.get("PlanDefinition/iop-adult").is_success)
        yield each


@pytest.fixture
def person(http: httpx.Client) -> Planned:
    return Planned(http)


def test_applying_the_template_makes_a_draft_plan_with_all_its_parts(person: Planned) -> None:
    plan = person.apply(practitioner=person.clinician)

    assert (plan["status"], plan["intent"]) == ("draft", "plan")
    assert plan["meta"]["profile"] == [profile("stepdown-careplan")]
    assert plan["instantiatesCanonical"] == [f"{CANONICAL}/PlanDefinition/iop-adult|1.0"]
    codes = [each["coding"][0]["code"] for each in plan["category"]]
    assert codes == ["assess-plan", "736271009"]
    found = person.everything()
    assert {each: len(found[each]) for each in ("CarePlan", "CareTeam", "Appointment")} == {
        "CarePlan": 1,
        "CareTeam": 1,
        "Appointment": 0,
    }
    assert len(plan["activity"]) == len(found["ServiceRequest"]) == 15
    assert {each["status"] for each in found["ServiceRequest"]} == {"draft"}
    assert {each["lifecycleStatus"] for each in found["Goal"]} == {"proposed"}
    assert len(plan["goal"]) == len(found["Goal"])
    assert "Group therapy" in plan["text"]["div"]
    [said] = person.told_of(plan)
    assert said["agent"][0]["who"] == {"reference": person.clinician}


def test_applying_it_again_changes_nothing(person: Planned) -> None:
    first = person.apply()
    before = person.everything()

    assert person.apply() == first
    assert person.everything() == before
