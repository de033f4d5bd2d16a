"""How far a goal is achieved, by the scores and changes that the record holds."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.plan_api.domain import achievement
from services.plan_api.domain.achievement import Told
from shared.care.canonical import code_system
from shared.fhir.validation import validate

Resource = dict[str, Any]
SYSTEM = "http://terminology.hl7.org/CodeSystem/goal-achievement"
CHANGES = {
    "reliable-improvement": "improving",
    "response": "improving",
    "remission": "improving",
    "no-reliable-change": "no-change",
    "reliable-worsening": "worsening",
}
FIRST = date(2026, 3, 1)


def goal(code: str = "44261-6", achieved: str | None = None, **changes: object) -> Resource:
    told: Resource = {
        "resourceType": "Goal",
        "id": "g",
        "lifecycleStatus": "active",
        "description": {"text": "PHQ-9 below 5"},
        "subject": {"reference": "Patient/p"},
        "target": [
            {
                "measure": {"coding": [{"system": "http://loinc.org", "code": code}]},
                "detailQuantity": {"comparator": "<", "value": 5},
            }
        ],
    }
    if achieved:
        told["achievementStatus"] = {"coding": [{"system": SYSTEM, "code": achieved}]}
    return told | changes


def score(day: int, points: int, code: str = "44261-6", **changes: object) -> Told:
    told: Resource = {
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "effectiveDateTime": (FIRST + timedelta(days=day)).isoformat(),
        "valueQuantity": {"value": points},
        **changes,
    }
    return Told(f"Observation/s{day}/_history/1", told)


def change(day: int, classified: str, **changes: object) -> Told:
    told: Resource = {
        "status": "final",
        "code": {"coding": [{"system": code_system("measure"), "code": "phq-9-change"}]},
        "valueCodeableConcept": {"coding": [{"system": code_system("change"), "code": classified}]},
        "derivedFrom": [{"reference": "Observation/s0"}, {"reference": f"Observation/s{day}"}],
        **changes,
    }
    return Told(f"Observation/c{day}/_history/2", told)


def told(scores: list[Told], changes: list[Told], code: str = "44261-6") -> str | None:
    [(known, target)] = achievement.targets(goal(code))
    found = achievement.achievement(known, target, scores, changes, UTC)
    return None if found is None else found.code


@pytest.mark.parametrize(("classified", "code"), CHANGES.items())
def test_the_class_of_the_last_change_says_how_far_it_is(classified: str, code: str) -> None:
    scores = [score(0, 20), score(7, 12), score(14, 8)]
    last, older = change(14, classified), change(7, "reliable-worsening")

    assert told(scores, [older, last]) == code
    assert told(scores, [last, older]) == code
    assert told(scores, [older]) == "worsening"
    assert told(scores, [older, change(14, classified, status="entered-in-error")]) == "worsening"
    assert told(scores, []) is None


def test_what_was_known_before_a_target_was_met_says_nothing_once_it_is_met_no_more() -> None:
    older = change(7, "reliable-improvement")
    scores = [score(0, 20), score(7, 12), score(14, 2)]

    assert told(scores, [older]) == "achieved"
    assert told([*scores, score(21, 22)], [older]) is None
    assert told([*scores, score(21, 22)], [older, change(21, "reliable-worsening")]) == "worsening"


@given(
    points=st.lists(st.integers(0, 27), min_size=1, max_size=10),
    data=st.data(),
)
def test_a_target_that_is_met_is_achieved_and_kept_four_weeks_sustaining(
    points: list[int], data: st.DataObject
) -> None:
    scores = [score(7 * week, each) for week, each in enumerate(points)]
    found = told(data.draw(st.permutations(scores)), [])
    run = next((i for i, each in enumerate(reversed(points)) if each >= 5), len(points))

    assert found == (None if run == 0 else "sustaining" if run > 4 else "achieved")


def test_an_extended_total_or_a_mistake_achieves_nothing() -> None:
    extended = {"code": {"coding": [{"system": code_system("measure"), "code": "prorated"}]}}
    assert told([score(0, 3, component=[extended])], []) is None
    assert told([score(0, 3, status="entered-in-error")], []) is None
    assert told([score(0, 3)], []) == "achieved"


def test_a_score_without_a_rule_of_change_says_only_whether_the_target_is_met() -> None:
    assert told([score(0, 12, code="89204-2")], [], "89204-2") == "in-progress"
    assert told([score(0, 2, code="89204-2")], [], "89204-2") == "achieved"


@pytest.mark.parametrize(
    "left",
    [
        goal(achieved="not-attainable"),
        goal(achieved="not-achieved"),
        goal(lifecycleStatus="cancelled"),
        goal(lifecycleStatus="proposed"),
        goal("1234-5"),
        goal(target=[]),
    ],
)
def test_what_people_decide_or_nobody_measures_is_left_alone(left: Resource) -> None:
    assert list(achievement.targets(left)) == []
    assert len(list(achievement.targets(goal(achieved="worsening")))) == 1


def test_a_goal_says_what_it_is_achieved_by_and_only_once() -> None:
    [(known, target)] = achievement.targets(goal())
    found = achievement.achievement(known, target, [score(0, 3)], [], UTC)
    assert found is not None
    after = achievement.achieved(goal(), found, "2026-03-08")

    assert after is not None
    assert validate(after) == []
    assert after["outcomeReference"] == [{"reference": "Observation/s0"}]
    assert achievement.achieved(after, found, "2026-03-09") is None
