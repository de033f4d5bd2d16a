"""A clinician has a template applied to a person, sees its hours, and makes the plan active."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from shared.care.canonical import CANONICAL, profile
from tests.journey.decided import recommendation
from tests.journey.planning import Planned, issue, parameters, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs

APPLY = "PlanDefinition/iop-adult/$apply"


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=all_in_one.fhir, timeout=180, trust_env=False) as each:
        until(lambda: each.get("PlanDefinition/iop-adult").is_success)
        yield each


@pytest.fixture
def person(http: httpx.Client) -> Planned:
    return Planned(http)


def test_applying_the_template_makes_a_draft_plan_with_all_its_parts(person: Planned) -> None:
    plan = person.apply(practitioner=person.clinician)

    assert (plan["status"], plan["intent"]) == ("draft", "plan")
    assert plan["meta"]["profile"] == [profile("stepdown-careplan")]
    assert plan["instantiatesCanonical"] == [f"{CANONICAL}/PlanDefinition/iop-adult|1.2"]
    codes = [each["coding"][0]["code"] for each in plan["category"]]
    assert codes == ["assess-plan", "736271009"]
    found = person.everything()
    assert [len(found[each]) for each in ("CarePlan", "CareTeam", "Appointment")] == [1, 1, 0]
    assert len(plan["activity"]) == len(found["ServiceRequest"]) == 14
    assert {each["status"] for each in found["ServiceRequest"]} == {"draft"}
    assert {each["lifecycleStatus"] for each in found["Goal"]} == {"proposed"}
    assert len(plan["goal"]) == len(found["Goal"])
    assert "Group therapy" in plan["text"]["div"]
    assert "Family therapy needs the person" in plan["text"]["div"]
    [said] = person.told_of(plan)
    assert said["agent"][0]["who"] == {"reference": person.clinician}


@pytest.mark.parametrize(
    "address",
    [
        "PlanDefinition?url=https://stepdown.example/fhir/PlanDefinition/iop-adult&version=1.2",
        "ActivityDefinition?url=https://stepdown.example/fhir/ActivityDefinition/yoga",
        "CodeSystem?url=https://stepdown.example/fhir/CodeSystem/service",
        "OperationDefinition?code=apply",
        "OperationDefinition?code=hours",
        "OperationDefinition?code=accept-revision",
        "OperationDefinition?code=reject-revision",
    ],
)
def test_what_a_client_must_know_is_published(http: httpx.Client, address: str) -> None:
    found = until(lambda: http.get(address).json().get("entry"))

    assert len(found) == 1


def test_applying_it_again_changes_nothing(person: Planned) -> None:
    first = person.apply()
    before = person.everything()

    assert person.apply() == first
    assert person.everything() == before


def test_applying_it_twice_at_once_makes_one_plan(person: Planned) -> None:
    with ThreadPoolExecutor(4) as pool:
        plans = list(pool.map(lambda _: person.apply(), range(4)))

    assert len({plan["id"] for plan in plans}) == 1
    [plan] = person.all("CarePlan")
    assert plan["meta"]["versionId"] == "1"


def test_the_draft_that_was_prepared_after_a_stay_is_filled(person: Planned) -> None:
    person.put(person.stay())
    prepared = person.comes("CarePlan")

    plan = person.apply()

    assert plan["id"] == prepared["id"]
    assert plan["created"] == prepared["created"]
    episode = f"EpisodeOfCare/{(person.episode or {})['id']}"
    based_upon = [each["reference"] for each in plan["supportingInfo"]]
    assert based_upon == [prepared["supportingInfo"][0]["reference"], episode]
    assert len(person.all("CarePlan")) == 1
    [team] = person.all("CareTeam")
    assert plan["careTeam"] == prepared["careTeam"] == [{"reference": f"CareTeam/{team['id']}"}]
    members = {each["member"]["reference"] for each in team["participant"]}
    assert members >= {f"Patient/{person.id}", person.clinician}


def test_goals_are_about_the_conditions_that_they_are_for(person: Planned) -> None:
    for code in ("35489007", "195662009"):
        person.put(
            {
                "resourceType": "Condition",
                "id": f"{code}-{uuid.uuid4()}",
                "clinicalStatus": {
                    "coding": [
                        {
                            "system": "http://terminology.hl7.org/CodeSystem/condition-clinical",
                            "code": "active",
                        }
                    ]
                },
                "code": {"coding": [{"system": "http://snomed.info/sct", "code": code}]},
                "subject": person.reference,
            }
        )

    plan = person.apply()

    [addressed] = plan["addresses"]
    assert addressed["reference"].startswith("Condition/35489007")
    remission = next(each for each in person.all("Goal") if "PHQ-9" in each["description"]["text"])
    assert remission["addresses"] == [addressed]
    target = remission["target"][0]
    assert target["measure"]["coding"][0]["code"] == "44261-6"
    assert (target["detailQuantity"]["comparator"], target["detailQuantity"]["value"]) == ("<", 5)
    assert target["dueDate"] == plan["period"]["end"]


def test_the_hours_of_a_plan_are_told_by_each_policy(person: Planned) -> None:
    plan = person.apply()

    for method in ("GET", "POST"):
        answer = person.http.request(method, f"CarePlan/{plan['id']}/$hours")
        told = [_parts(each) for each in parameters(answer)["policy"]]
        planned = {each["name"]: (each["planned"], each["result"]) for each in told}
        assert planned["cfr-410.44c"][0] == 12.62
        assert planned["iop-general"][0] == 16.12
        assert planned["asam-2.1-adult"][0] == 14.12
        assert {result for _, result in planned.values()} <= {"met", "over"}


def test_a_clinician_makes_a_plan_active_and_its_parts_follow(person: Planned) -> None:
    plan = person.activate(person.apply())

    until(lambda: _statuses(person, "ServiceRequest") == {"active"})
    # An order that is read after the plan came into force may be active before the goals are.
    until(lambda: {each["lifecycleStatus"] for each in person.all("Goal")} == {"active"})
    assert _statuses(person, "CareTeam") == {"active"}
    assert person.read(plan) == plan
    said = [each for part in person.all("Goal") for each in person.told_of(part)]
    policies = {_policy(each) for each in said}
    assert policies == {None, "parts-follow-the-plan|1.0"}


@pytest.mark.parametrize("actor", [None, "Organization/o", "Patient/p", "Device/plan"])
def test_nobody_but_a_clinician_makes_a_plan_active(person: Planned, actor: str | None) -> None:
    plan = person.apply()

    answer = person.write(plan | {"status": "active"}, actor)

    assert answer.status_code == 403, answer.text
    assert "Practitioner" in issue(answer)
    assert person.read(plan) == plan
    assert person.activate(plan)["status"] == "active"


def test_an_empty_draft_is_not_made_active(person: Planned) -> None:
    person.put(person.stay())
    prepared = person.comes("CarePlan")
    active = {"status": "active", "period": {"start": "2026-11-22"}}

    answer = person.write(prepared | active)

    assert answer.status_code == 422
    assert "holds 0 hours" in issue(answer)
    assert person.read(prepared) == prepared


def test_a_plan_with_too_few_hours_is_not_made_active(person: Planned) -> None:
    plan = person.apply()
    kept = [each for each in plan["activity"] if "Group" in each["reference"]["display"]]

    answer = person.write(plan | {"activity": kept, "status": "active"})

    assert answer.status_code == 422
    assert "holds 4 hours" in issue(answer)
    assert "at least 9" in issue(answer)
    assert person.read(plan) == plan


def test_a_plan_is_made_active_only_after_admission(http: httpx.Client) -> None:
    person = Planned(http, status="planned")
    plan = person.apply()

    answer = person.write(plan | {"status": "active"})

    assert answer.status_code == 422
    assert "active EpisodeOfCare" in issue(answer)
    person.write(recommendation(f"Patient/{person.id}", person.now()))
    person.write((person.episode or {}) | {"status": "active"})
    assert person.activate(plan)["status"] == "active"


def test_a_plan_that_partners_keep_is_stored_as_it_comes(http: httpx.Client) -> None:
    person = Planned(http, status=None)
    plan = {
        "resourceType": "CarePlan",
        "id": f"theirs-{person.id}",
        "status": "active",
        "intent": "plan",
        "subject": person.reference,
    }

    assert person.write(plan, None).status_code == 201


def test_a_second_plan_is_neither_made_nor_made_active(person: Planned) -> None:
    plan = person.activate(person.apply())
    second = {name: value for name, value in plan.items() if name != "text"}

    again = person.ask(APPLY, subject=f"Patient/{person.id}")
    beside = person.write(second | {"id": f"second-{person.id}"})

    assert again.status_code == 409
    assert f"CarePlan/{plan['id']} is active already" in issue(again)
    assert beside.status_code == 422
    assert len(person.all("CarePlan")) == 1


def test_after_a_plan_has_ended_another_is_made(person: Planned) -> None:
    first = person.activate(person.apply())
    person.write(first | {"status": "completed"})

    second = person.apply()

    assert second["id"] != first["id"]
    assert second["status"] == "draft"


@pytest.mark.parametrize(
    ("address", "inputs", "status", "told"),
    [
        ("PlanDefinition/unknown/$apply", {}, 404, "no PlanDefinition unknown"),
        (APPLY, {"subject": "Patient/nobody"}, 404, "Patient/nobody"),
        (APPLY, {"subject": "Practitioner/x"}, 422, "must refer to a Patient"),
        (APPLY, {"subject": "somebody"}, 422, "must refer to a Patient"),
        (APPLY, {"practitioner": "Practitioner/nobody"}, 404, "Practitioner/nobody"),
        (APPLY, {"organization": "Patient/x"}, 422, "must refer to a Organization"),
        (APPLY, {"colour": "green"}, 400, "subject (string)"),
    ],
)
def test_what_cannot_be_applied_is_refused_and_leaves_nothing_behind(
    person: Planned, address: str, inputs: dict[str, str], status: int, told: str
) -> None:
    answer = person.ask(address, **{"subject": f"Patient/{person.id}"} | inputs)

    assert answer.status_code == status, answer.text
    assert told in issue(answer)
    assert not any(person.everything().values())
    assert person.apply()["status"] == "draft"


@pytest.mark.parametrize("version", ["", "|1.2"])
def test_a_template_is_applied_by_its_canonical_too(person: Planned, version: str) -> None:
    canonical = f"{CANONICAL}/PlanDefinition/iop-adult{version}"
    subject = f"Patient/{person.id}"

    answer = person.ask("PlanDefinition/$apply", planDefinition=canonical, subject=subject)

    assert answer.is_success, answer.text
    assert person.apply() == answer.json()


@pytest.mark.parametrize(
    ("address", "canonical", "status"),
    [
        ("PlanDefinition/$apply", None, 400),
        ("PlanDefinition/$apply", f"{CANONICAL}/PlanDefinition/iop-adult|9.9", 404),
        (APPLY, f"{CANONICAL}/PlanDefinition/iop-adult", 400),
    ],
)
def test_a_template_is_named_once_and_rightly(
    person: Planned, address: str, canonical: str | None, status: int
) -> None:
    named = {} if canonical is None else {"planDefinition": canonical}

    answer = person.ask(address, subject=f"Patient/{person.id}", **named)

    assert answer.status_code == status, answer.text
    assert "PlanDefinition" in issue(answer)
    assert not any(person.everything().values())


def test_without_a_subject_nothing_is_applied(person: Planned) -> None:
    answer = person.ask(APPLY)

    assert answer.status_code == 400
    assert "needs the parameter subject" in issue(answer)


@pytest.mark.parametrize("status", [None, "finished", "cancelled"])
def test_somebody_outside_the_programme_gets_no_plan(
    http: httpx.Client, status: str | None
) -> None:
    person = Planned(http, status=status)

    answer = person.ask(APPLY, subject=f"Patient/{person.id}")

    assert answer.status_code == 409
    assert "EpisodeOfCare" in issue(answer)
    assert not any(person.everything().values())


@pytest.mark.parametrize("actor", [None, "Practitioner/nobody", "Organization/o"])
def test_nobody_but_a_clinician_has_a_template_applied(person: Planned, actor: str | None) -> None:
    answer = person.ask(APPLY, actor=actor, subject=f"Patient/{person.id}")

    assert answer.status_code == 403
    assert not any(person.everything().values())


def test_hours_of_a_plan_that_is_not_there_are_not_told(person: Planned) -> None:
    assert person.http.get("CarePlan/nowhere/$hours").status_code == 404


def _parts(parameter: dict[str, Any]) -> dict[str, Any]:
    return {
        each["name"]: value
        for each in parameter["part"]
        for name, value in each.items()
        if name.startswith("value")
    }


def _statuses(person: Planned, resource_type: str) -> set[str]:
    return {each["status"] for each in person.all(resource_type)}


def _policy(provenance: dict[str, Any]) -> str | None:
    value: str | None = provenance["agent"][0]["who"].get("identifier", {}).get("value")
    return value
