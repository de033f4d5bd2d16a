"""Disagreements and asks in any order and repetition end as the last evidence alone has them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake_api.domain.admission_asks import ASKS, Admission, followed, wanted
from services.progress_api.domain.disagreement import issue
from services.progress_api.domain.disagreement.comparing import Disagreement
from shared.care.reconcile import reconciled
from tests.unit.services.test_admission_asks import ADMISSION, AT, PART_2, consent

Resource = dict[str, Any]
LOST = tuple(
    Disagreement(kind, about, (), "Not as planned.")
    for kind, about in (
        ("session-not-booked", "ServiceRequest/group"),
        ("goal-not-measured", "Goal/better"),
        ("medication-not-recorded", "activity/0"),
    )
)
# Which disagreements there are, and about whom: a merge moves a plan's to the Patient who stands.
EVIDENCE = st.lists(
    st.tuples(st.sets(st.sampled_from(LOST)), st.sampled_from(["7", "8"])), min_size=1, max_size=8
)
# Which consents are in force, and whether the person is in the programme.
ANSWERS = st.lists(
    st.tuples(
        st.sets(st.sampled_from(["treatment", "patient-privacy"])),
        st.sampled_from(["active", "onhold", "finished"]),
    ),
    min_size=1,
    max_size=8,
)


def issues_of(found: set[Disagreement], patient: str) -> dict[str, Resource]:
    told = [issue.issue(each, {"id": "plan"}, patient, AT) for each in found]
    return {each["id"]: each for each in told}


def standing(issues: dict[str, Resource]) -> dict[str, Resource]:
    """What is told and has not ended, apart from how often it was told."""
    return {
        name: {key: value for key, value in each.items() if key != "status"}
        for name, each in issues.items()
        if "mitigation" not in each
    }


def check_issues(evidence: list[tuple[set[Disagreement], str]]) -> None:
    present: dict[str, Resource] = {}
    for found, patient in evidence:
        before = present
        present = present | reconciled(issues_of(found, patient), present, issue.manner(AT))
        assert before.keys() <= present.keys()
        assert reconciled(issues_of(found, patient), present, issue.manner(AT)) == {}
        assert standing(present) == standing(issues_of(found, patient))


def check_asks(evidence: list[tuple[set[str], str]]) -> None:
    tasks: list[Resource] = []
    for scopes, status in evidence:
        answers = [consent(each, id=each) for each in sorted(scopes)]
        now = Admission(
            ADMISSION.episode | {"status": status}, {}, PART_2, [], answers, ADMISSION.now
        )
        known = {each["id"] for each in tasks}
        fresh = [e for e in wanted(now, AT) if e["id"] not in known] if now.is_open else []
        tasks = [followed(each, now, AT) or each for each in (*tasks, *fresh)]
        assert [followed(each, now, AT) for each in tasks] == [None] * len(tasks)
        for each in tasks:
            assert each["status"] in _alone(each, now)


def _alone(task: Resource, now: Admission) -> set[str]:
    """What the last evidence alone makes of an ask: it is open, or asks for nothing."""
    if not now.is_open:
        return {"cancelled", "completed"}
    ask = next(e for e in ASKS if e["code"] == task["code"]["coding"][0]["code"])
    return {"requested"} if now.answer_to(ask) is None else {"cancelled", "completed"}


@given(EVIDENCE)
def test_disagreements_are_those_of_the_last_evidence(
    evidence: list[tuple[set[Disagreement], str]],
) -> None:
    check_issues(evidence)


@given(ANSWERS)
def test_asks_are_those_that_nothing_answers_now(evidence: list[tuple[set[str], str]]) -> None:
    check_asks(evidence)


@pytest.mark.long
@settings(max_examples=5_000)
@given(EVIDENCE, ANSWERS)
def test_so_they_are_in_many_more_orders(
    evidence: list[tuple[set[Disagreement], str]], answers: list[tuple[set[str], str]]
) -> None:
    check_issues(evidence)
    check_asks(answers)
