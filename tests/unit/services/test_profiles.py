"""The contract between the services: the profiles they publish, and their examples."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from services.intake_api import definition as intake
from services.intake_api.domain import clock
from services.ownership import owner_of
from services.plan_api import definition as plan
from services.plan_api.domain import draft_plan
from services.progress_api import definition as progress
from services.progress_api.domain import suicide_risk, suicide_screen
from services.progress_api.domain.extraction import extraction
from shared.care.canonical import CANONICAL, profile
from shared.fhir.definitions import type_definition
from shared.fhir.profiles import validate_claims
from shared.fhir.reader import read
from shared.fhir.validation import validate
from shared.server.capabilities import capability_statement
from tests.journey.answering import ITEMS, response

if TYPE_CHECKING:
    from shared.server.definition import ServiceDefinition

SERVICES = Path(__file__).parents[3] / "services"
DEFINITIONS = (intake.DEFINITION, plan.DEFINITION, progress.DEFINITION)
PROFILES = {each["url"]: each for definition in DEFINITIONS for each in definition.profiles}
NOW = "2026-03-01T09:00:00.000Z"


def examples() -> dict[str, Any]:
    found = SERVICES.glob("*_api/profiles/examples/*.json")
    return {path.stem: read(path.read_bytes()) for path in found}


EXAMPLES = examples()


def broken_rules(resource: dict[str, Any]) -> list[str]:
    """Name what a resource breaks of the profiles it claims: its rules by key, others by place."""
    return [
        issue.diagnostics.rpartition("(")[2].rstrip(").")
        if issue.code == "invariant"
        else str(issue.expression)
        for issue in validate_claims(resource, PROFILES.get)
    ]


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda each: each.title)
def test_a_service_publishes_profiles_of_its_own_types_in_its_capabilities(
    definition: ServiceDefinition,
) -> None:
    statement = capability_statement(definition, base="http://here/fhir", software_version="1")
    supported = {
        url
        for resource in statement["rest"][0]["resource"]
        for url in resource.get("supportedProfile", ())
    }

    assert definition.profiles
    assert supported == {each["url"] for each in definition.profiles}
    assert {owner_of(each["type"]) for each in definition.profiles} == {definition.name}


def test_the_contract_names_the_four_types_that_cross() -> None:
    assert set(PROFILES) == {
        profile(f"stepdown-{name}") for name in ("encounter", "careplan", "observation", "task")
    }


@pytest.mark.parametrize("url", PROFILES)
def test_a_profile_is_a_valid_definition_of_elements_that_exist(url: str) -> None:
    definition = PROFILES[url]

    assert validate(definition) == []
    assert url == f"{CANONICAL}/StructureDefinition/{definition['id']}"
    elements = type_definition(definition["type"]).elements
    for element in definition["differential"]["element"]:
        assert element["id"] == element["path"]
        first = element["path"].removeprefix(definition["type"]).strip(".").split(".")[0]
        assert not first or first.removesuffix("[x]") in elements


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_valid_and_keeps_the_rules_of_its_profile(name: str) -> None:
    assert validate(EXAMPLES[name]) == []
    assert broken_rules(EXAMPLES[name]) == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_without_what_its_profile_demands_breaks_it(name: str) -> None:
    resource = EXAMPLES[name]
    [url] = resource["meta"]["profile"]
    elements = PROFILES[url]["differential"]["element"]
    demanded = [each["path"].split(".")[1] for each in elements if each.get("min")]
    for element in demanded:
        lost = element.replace("[x]", "DateTime")
        without = {key: value for key, value in resource.items() if key.strip("_") != lost}
        assert broken_rules(without), element


@pytest.mark.parametrize("url", PROFILES)
def test_a_profile_has_a_smallest_example_and_one_with_unknown_extensions(url: str) -> None:
    name = PROFILES[url]["id"]

    assert "extension" not in str(EXAMPLES[f"{name}-smallest"])
    assert "https://elsewhere.example" in str(EXAMPLES[f"{name}-with-extensions"])


@pytest.mark.parametrize("size", ["smallest", "with-extensions"])
def test_each_consumer_understands_the_examples(size: str) -> None:
    encounter = EXAMPLES[f"stepdown-encounter-{size}"]
    observation = EXAMPLES[f"stepdown-observation-{size}"]
    task = EXAMPLES[f"stepdown-task-{size}"]

    assert draft_plan.ends_inpatient_stay(encounter)
    assert suicide_risk.person_at_high_risk(observation, ()) == "example"
    assert clock.due_of(task, UTC) is not None


def test_what_the_services_write_keeps_the_rules_of_the_profiles_it_claims() -> None:
    alert = suicide_risk.alert(suicide_risk.Cause("o1", 1, "p1", NOW, certain=True))
    clock_task = {"id": "t1", "for": {"reference": "Patient/p1"}}

    assert broken_rules(draft_plan.draft_plan("e1", "p1", NOW)) == []
    assert broken_rules(clock.escalation(clock_task, NOW)) == []
    assert broken_rules(alert["entry"][1]["resource"]) == []


@pytest.mark.parametrize("name", sorted(ITEMS))
def test_what_comes_of_answers_keeps_the_rules_of_the_profiles_it_claims(name: str) -> None:
    nothing = dict.fromkeys(ITEMS[name])
    for counts in ({}, nothing):
        read_out = extraction(response(name, {"reference": "Patient/p1"}, NOW, counts), ())
        for each in read_out.results():
            assert broken_rules(each) == []
        cause = suicide_screen.Cause(read_out.completed.reference, 1, "p1", NOW, "2026-03-01")
        task = suicide_screen.request(cause, "Why.")["entry"][0]["resource"]
        assert broken_rules(task) == []


@pytest.mark.parametrize(
    ("example", "changes", "rule"),
    [
        ("stepdown-encounter-smallest", {"period": {"start": "2026"}}, "stepdown-enc-1"),
        ("stepdown-careplan-smallest", {"status": "active"}, "stepdown-cp-2"),
        ("stepdown-careplan-smallest", {"category": [{"text": "plan"}]}, "stepdown-cp-1"),
        ("stepdown-observation-smallest", {"valueCodeableConcept": None}, "stepdown-obs-1"),
        ("stepdown-task-smallest", {"restriction": None}, "stepdown-task-1"),
        ("stepdown-task-smallest", {"intent": "plan"}, "Task.intent"),
    ],
)
def test_a_resource_that_breaks_the_contract_is_found(
    example: str, changes: dict[str, Any], rule: str
) -> None:
    changed = EXAMPLES[example] | changes
    resource = {name: value for name, value in changed.items() if value is not None}

    assert broken_rules(resource) == [rule]
