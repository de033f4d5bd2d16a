"""A relapse-prevention plan and a safety plan are whole before they are active."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from services.plan_api.domain.own_page import is_to_be_told, page
from shared.care import own_plans
from shared.care.law import CareChange
from shared.care.own_plans import KINDS
from shared.fhir.validation import validate
from tests.unit.care.own_plans import TRIGGERS, action, relapse_plan, safety_plan, without

Resource = dict[str, Any]
NOW = datetime(2026, 3, 2, 14, tzinfo=UTC)
EACH_PART = [(kind, part) for kind, told in KINDS.items() for part in told["parts"]]


def told(plan: Resource) -> str:
    """Tell all that the laws say."""
    change = CareChange(None, plan, NOW)
    issues = [issue for law in own_plans.LAWS for issue in law.rule(change, ())]
    assert {each.code for each in issues} <= {"business-rule"}
    return " ".join(str(each.diagnostics) for each in issues)


def whole(kind: str) -> Resource:
    return relapse_plan() if kind == "relapse-prevention" else safety_plan()


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_plan_is_kept_and_valid(kind: str) -> None:
    assert told(whole(kind)) == ""
    assert not [each for each in validate(whole(kind)) if each.severity == "error"]


@pytest.mark.parametrize(("kind", "part"), EACH_PART)
def test_a_plan_without_one_of_its_parts_stays_a_draft(kind: str, part: str) -> None:
    lacking, silent = without(whole(kind), part), without(whole(kind), part, description="  ")

    assert f"has no words for {part}." in told(lacking)
    assert f"has no words for {part}." in told(silent)
    assert told(lacking | {"status": "draft"}) == ""


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_every_trigger_has_an_action_and_somebody_who_does_it(trigger: str) -> None:
    plan = relapse_plan()
    [other] = [each for each in TRIGGERS if each != trigger]
    base = without(plan, "coping-action")
    one = base | {"activity": [*base["activity"], action(other)]}
    nobody = one | {"activity": [*one["activity"], action(trigger, performer=[])]}
    empty = one | {"activity": [*one["activity"], action(trigger, description="")]}

    assert told(one) == f"Nothing is to be done about {trigger}."
    assert told(empty) == f"Nothing is to be done about {trigger}."
    assert told(nobody) == f"Nobody is the performer of what is to be done about {trigger}."
    assert told(one | {"activity": [*one["activity"], action(trigger)]}) == ""


def test_a_relapse_plan_names_a_trigger() -> None:
    plan = {name: v for name, v in relapse_plan().items() if name != "addresses"}

    assert told(plan) == ""
    assert "names no trigger" in told({n: v for n, v in plan.items() if n != "supportingInfo"})


@pytest.mark.parametrize(
    ("day", "is_kept"),
    [("2026-05-31", True), ("2026-06-01", False), ("2027", False), ("2026-03-01", True)],
)
def test_the_next_review_is_near_enough(day: str, is_kept: bool) -> None:  # noqa: FBT001
    assert (told(relapse_plan(day)) == "") is is_kept
    assert "The next review stands in" in told(without(relapse_plan(), "review"))


def test_a_safety_plan_has_the_code_that_others_know() -> None:
    plan = safety_plan()

    assert "401277000" in told(plan | {"category": plan["category"][:1]})
    # Plans of partners with that code alone are theirs.
    assert told(plan | {"category": plan["category"][1:], "activity": []}) == ""


@pytest.mark.parametrize("kind", KINDS)
def test_its_page_has_every_part_in_the_person_s_words(kind: str) -> None:
    plan = whole(kind)
    text = page(plan, UTC)["div"]

    assert all(f"My own words of {each}" in text for each in KINDS[kind]["parts"][:1])
    assert text.count("<h3>") == len(KINDS[kind]["parts"])
    assert "&amp; more" in text or kind == "safety-plan"
    assert is_to_be_told(plan)
    assert not is_to_be_told(plan | {"text": {"status": "additional", "div": ""}})
