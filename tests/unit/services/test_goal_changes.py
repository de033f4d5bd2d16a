"""What a revision does to a plan's goals: every choice for each of them, proposed and accepted."""

from __future__ import annotations

from itertools import product
from typing import Any, Literal

import pytest

from services.plan_api.domain import goal_changes
from services.plan_api.domain.bundle import Seen
from services.plan_api.domain.goals_revised import goals_revised
from shared.fhir.validation import validate

Fate = Literal["kept", "changed", "ended"]
SUBJECT = {"reference": "Patient/p"}
DAY = "2026-04-01"
ACHIEVED = {"coding": [{"code": "achieved"}]}


def goal(logical_id: str, text: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    own = {"resourceType": "Goal", "id": logical_id, "lifecycleStatus": "active"}
    return own | {"description": {"text": text}, "subject": SUBJECT} | more


PRESENT = [goal("a", "Sleep"), goal("b", "Walk", achievementStatus=ACHIEVED), goal("c", "Call")]
PLAN = {
    "resourceType": "CarePlan",
    "id": "plan",
    "goal": [{"reference": f"Goal/{each['id']}"} for each in PRESENT],
}


def proposed(fates: tuple[Fate, ...], added: int) -> dict[str, Any]:
    """Write the parts of a proposal that are about goals."""
    seen = [Seen(each, 3) for each in PRESENT]
    chosen = list(zip(seen, fates, strict=True))
    wishes = goal_changes.differences(
        [goal("", f"New {i}") for i in range(added)],
        [(e, e.content | {"description": {"text": "Else"}}) for e, f in chosen if f == "changed"],
        [each for each, fate in chosen if fate == "ended"],
        SUBJECT,
    )
    return {
        "resourceType": "CarePlan",
        "id": "proposal",
        "description": "Why",
        "contained": [each.after for each in wishes if each.after],
        "extension": [each.extension for each in wishes],
        "goal": goal_changes.goals_as_proposed(PLAN, wishes, ()),
    }


@pytest.mark.parametrize("added", [0, 2])
@pytest.mark.parametrize("fates", list(product(("kept", "changed", "ended"), repeat=3)))
def test_what_is_proposed_of_each_goal_is_what_is_accepted(
    fates: tuple[Fate, ...], added: int
) -> None:
    proposal = proposed(fates, added)
    seen = [Seen(each, 5) for each in PRESENT]

    revised = goals_revised(Seen(proposal, 1), PLAN, seen, day=DAY, bases=())

    written = [each["resource"] for each in revised.entries]
    assert all(validate(each) == [] for each in written)
    by_id = {each["id"]: each for each in written}
    for each, fate in zip(PRESENT, fates, strict=True):
        is_named = {"reference": f"Goal/{each['id']}"} in revised.references
        assert is_named == (fate != "ended")
        assert (each["id"] in by_id) == (fate != "kept")
        if fate == "changed":
            assert by_id[each["id"]] == each | {"description": {"text": "Else"}}
        if fate == "ended":
            is_achieved = "achievementStatus" in each
            status = by_id[each["id"]]["lifecycleStatus"]
            assert status == ("completed" if is_achieved else "cancelled")
    new = [each for each in written if each["id"] not in {"a", "b", "c"}]
    assert [(e["lifecycleStatus"], e["startDate"]) for e in new] == [("active", DAY)] * added
    pursued = [f"Goal/{each['id']}" for each in revised.pursued]
    assert [each["reference"] for each in revised.references] == pursued
    assert len(proposal["goal"]) == len(pursued)
    assert not goal_changes.is_stale(proposal, PLAN, ())


def test_a_proposal_about_goals_is_stale_where_the_plan_has_others() -> None:
    fewer = PLAN | {"goal": PLAN["goal"][:2]}

    assert goal_changes.is_stale(proposed(("ended", "kept", "kept"), 0), fewer, ())
    assert not goal_changes.is_stale(proposed(("kept", "kept", "kept"), 0), fewer, ())


def test_how_far_a_goal_has_come_is_no_other_decision() -> None:
    [sleep, walk, _] = PRESENT

    assert goal_changes.is_the_same(sleep, sleep | {"achievementStatus": ACHIEVED})
    assert not goal_changes.is_the_same(sleep, walk)
    assert not goal_changes.is_the_same(None, walk)


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("Goal/a/_history/3", [("a", 3)]),
        ("Goal/a", []),
        ("Goal/a/_history/latest", []),
        (f"Goal/a/_history/{'9' * 30}", []),
        ("ServiceRequest/a/_history/3", []),
    ],
)
def test_a_goal_is_compared_with_the_version_that_was_read(
    reference: str, expected: list[tuple[str, int]]
) -> None:
    said = [{"url": "before", "valueReference": {"reference": reference}}]
    proposal = {"extension": [{"url": proposed(("ended",) * 3, 0)["extension"][0]["url"]}]}
    proposal["extension"][0]["extension"] = said

    assert goal_changes.compared(proposal, ()) == expected
