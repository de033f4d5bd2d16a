"""The templates that are published, and the services that they are made of."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any, get_args

import pytest

from services.plan_api.domain.activities import definitions_wanted
from services.plan_api.domain.application import canonical_of
from services.plan_api.domain.preferences import NAMES
from services.plan_api.domain.unmet import Reason
from services.plan_api.templates import ACTIVITIES, ADULT, LIBRARY, OFFERS, TEMPLATES
from shared.care.canonical import CANONICAL, code_system, profile
from shared.care.instruments.registry import INSTRUMENTS
from shared.care.weekly_hours import POLICIES

if TYPE_CHECKING:
    from collections.abc import Collection

BY_ADDRESS = {canonical_of(each): each for each in ACTIVITIES}
SCORES = {score.code for each in INSTRUMENTS for score in each.scores}
# What people count and write down themselves.
TOLD_BY_PEOPLE = {
    "family-sessions",
    "skill-use-days",
    "triggers-with-action",
    "warning-sign-checks",
}
each_template = pytest.mark.parametrize("template", TEMPLATES, ids=lambda each: each["id"])


def identified(definition: dict[str, Any]) -> set[str]:
    return {each["value"] for each in definition["identifier"]}


def code_of(service: str) -> set[str]:
    [definition] = [each for each in ACTIVITIES if each["id"] == service]
    return {each["code"] for each in definition["code"]["coding"]}


def tracks(action: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the timings of an action, that of its first track first."""
    parts = [part for each in action["extension"] for part in each.get("extension", ())]
    more = [part["valueTiming"] for part in parts if part["url"] == "timing"]
    return [action["timingTiming"], *more]


@pytest.mark.parametrize("number", range(1, 21))
def test_each_therapy_and_service_is_defined(number: int) -> None:
    assert any(f"TX-{number:02}" in identified(each) for each in ACTIVITIES)


@pytest.mark.parametrize(
    ("service", "snomed"),
    [
        ("individual-therapy", "18512000"),
        ("group-therapy", "76168009"),
        ("family-therapy", "108313002"),
        ("psychiatric-consultation", "88848003"),
        ("psychiatric-interview", "10197000"),
        ("medication-review", "182836005"),
        ("psychoeducation", "410233005"),
        ("cognitive-behavioural-therapy", "228557008"),
        ("dialectical-behaviour-therapy", "405780009"),
        ("art-therapy", "65153003"),
        ("community-support-referral", "461481000124109"),
        ("coping-support", "385724002"),
        ("exercise-therapy", "229065009"),
    ],
)
def test_a_service_with_a_verified_code_has_it_beside_its_own(service: str, snomed: str) -> None:
    assert code_of(service) == {service, snomed}


@pytest.mark.parametrize(
    "service",
    ["skills-training", "motivational-interviewing", "mindfulness", "yoga", "tms", "peer-support"],
)
def test_a_service_without_a_verified_code_has_only_its_own(service: str) -> None:
    assert code_of(service) == {service}


def test_each_service_says_of_each_policy_if_it_counts() -> None:
    for definition in ACTIVITIES:
        said = {
            part["extension"][0]["valueString"]: part["extension"][1]["valueBoolean"]
            for part in definition["extension"]
            if part["url"] == profile("counts-toward-hours")
        }
        order = {"instantiatesCanonical": [canonical_of(definition)]}
        assert said == {f"{each.name}|{each.version}": each.counts(order) for each in POLICIES}
        if definition["id"] == "tms" or definition["kind"] == "Task":
            assert not any(said.values())


def test_activity_therapy_counts_for_medicare_only_where_it_is_one_person_s() -> None:
    [own] = [each for each in ACTIVITIES if each["id"] == "individualised-activity-therapy"]
    groups = [each for each in ACTIVITIES if each["id"] in {"yoga", "art-therapy"}]
    medicare = [each for each in POLICIES if each.name.startswith("cfr-410")]

    for policy in medicare:
        assert policy.counts({"instantiatesCanonical": [canonical_of(own)]})
        for each in groups:
            assert not policy.counts({"instantiatesCanonical": [canonical_of(each)]})
    for template in TEMPLATES:
        [offered] = [e for e in template["action"] if e["id"] == own["id"]]
        assert offered["requiredBehavior"] == "could"
        assert offered["input"] == [{"type": "Condition"}]


@each_template
def test_a_template_says_its_policies_review_and_source(template: dict[str, Any]) -> None:
    urls = [each["url"] for each in template["extension"]]
    assert profile("hours-policy") in urls
    assert urls[-1] == profile("review-interval")
    assert template["relatedArtifact"][0]["citation"]


@each_template
def test_a_template_offers_every_service_once(template: dict[str, Any]) -> None:
    assert sorted(each["id"] for each in template["action"]) == sorted(OFFERS)
    assert set(definitions_wanted(template)) <= set(BY_ADDRESS)


@each_template
def test_the_goals_of_a_template_can_be_measured(template: dict[str, Any]) -> None:
    named = {goal["id"] for goal in template["goal"]}
    served = {goal for each in template["action"] for goal in each.get("goalId", ())}
    assert served == named
    for goal in template["goal"]:
        for target in goal["target"]:
            assert target["measure"]["coding"][0]["system"] in {
                "http://loinc.org",
                code_system("measure"),
            }
            assert {"value", "comparator", "code"} <= target["detailQuantity"].keys()
            assert target["measure"]["coding"][0]["code"] in SCORES | TOLD_BY_PEOPLE


@each_template
@pytest.mark.parametrize("track", [0, 1])
def test_no_two_sessions_of_a_template_meet_at_once(template: dict[str, Any], track: int) -> None:
    spans = []
    for action in template["action"]:
        if action["requiredBehavior"] == "must" and "timingTiming" in action:
            repeat = tracks(action)[track]["repeat"]
            [time] = repeat["timeOfDay"]
            start = int(time[:2]) * 60 + int(time[3:5])
            spans += [(d, start, start + repeat["duration"]) for d in repeat["dayOfWeek"]]
    assert spans
    for (day, start, end), (other, begins, ends) in combinations(spans, 2):
        assert day != other or end <= begins or ends <= start


@pytest.mark.parametrize(
    ("system", "meant"),
    [("unmet-reason", get_args(Reason)), ("preference", {*NAMES, "day", "evening"} - {"service"})],
)
def test_the_codes_that_a_plan_uses_are_published(system: str, meant: Collection[str]) -> None:
    [found] = [e for e in LIBRARY if e["url"] == code_system(system)]
    assert {each["code"] for each in found["concept"]} == set(meant)


def test_the_first_template_is_as_clients_know_it() -> None:
    assert canonical_of(ADULT) == f"{CANONICAL}/PlanDefinition/iop-adult|1.2"
    assert "requiredBehavior" not in set().union(*ADULT["action"])
    needing = {each["id"]: each["input"] for each in ADULT["action"] if "input" in each}
    assert needing == {"family-therapy": [{"type": "Consent"}]}
    assert len({each["id"] for each in LIBRARY if each["resourceType"] == "PlanDefinition"}) == 7
