"""Change against a baseline: its laws, its boundaries, and what is not compared at all."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.care.instruments.change import (
    Change,
    Class,
    Conditions,
    Measured,
    change,
    classify,
    first_complete,
)
from shared.care.instruments.registry import score_of
from shared.care.instruments.score import ChangeRule

DAY = 86_400_000_000
OPENED = 20_000 * DAY
SELF = Conditions("44261-6", "1.0", "past 2 weeks", "Patient")
BASELINE = Measured(SELF, OPENED, 15)
LATER = Measured(SELF, OPENED + 7 * DAY, 9)
HIGHER_IS_BETTER = ChangeRule("who-5-change", "", "higher", 10, 50, 50)


def rule_of(code: str) -> ChangeRule:
    found = score_of(code)
    assert found is not None
    assert found[1].change is not None
    return found[1].change


PHQ_9, GAD_7 = rule_of("44261-6"), rule_of("70274-6")
PCL_5, WHO_5, ISI = rule_of("101698-9"), rule_of("who-5-score"), rule_of("isi-score")


@pytest.mark.parametrize(
    ("rule", "baseline", "current", "delta", "classified"),
    [
        (PHQ_9, 20, 20, 0, "no-reliable-change"),
        (PHQ_9, 20, 15, 5, "no-reliable-change"),
        (PHQ_9, 20, 14, 6, "reliable-improvement"),
        (PHQ_9, 20, 11, 9, "reliable-improvement"),
        (PHQ_9, 20, 10, 10, "response"),
        (PHQ_9, 20, 5, 15, "response"),
        (PHQ_9, 20, 4, 16, "remission"),
        (PHQ_9, 12, 17, -5, "no-reliable-change"),
        (PHQ_9, 12, 18, -6, "reliable-worsening"),
        (PHQ_9, 17, 12, 5, "no-reliable-change"),
        (PHQ_9, 5, 4, 1, "remission"),
        (PHQ_9, 4, 3, 1, "no-reliable-change"),
        (PHQ_9, 0, 0, 0, "no-reliable-change"),
        (GAD_7, 12, 9, 3, "no-reliable-change"),
        (GAD_7, 12, 8, 4, "reliable-improvement"),
        (GAD_7, 12, 6, 6, "response"),
        (GAD_7, 12, 4, 8, "remission"),
        (GAD_7, 12, 15, -3, "no-reliable-change"),
        (GAD_7, 12, 16, -4, "reliable-worsening"),
        (GAD_7, 0, 4, -4, "reliable-worsening"),
        (PCL_5, 60, 46, 14, "no-reliable-change"),
        (PCL_5, 60, 45, 15, "reliable-improvement"),
        (PCL_5, 60, 0, 60, "reliable-improvement"),
        (PCL_5, 30, 44, -14, "no-reliable-change"),
        (PCL_5, 30, 45, -15, "reliable-worsening"),
        (WHO_5, 40, 48, 8, "no-reliable-change"),
        (WHO_5, 40, 52, 12, "reliable-improvement"),
        (WHO_5, 52, 40, -12, "reliable-worsening"),
        (ISI, 20, 15, 5, "no-reliable-change"),
        (ISI, 20, 14, 6, "reliable-improvement"),
        (ISI, 20, 12, 8, "response"),
        (ISI, 20, 8, 12, "response"),
        (ISI, 20, 7, 13, "remission"),
        (ISI, 8, 7, 1, "remission"),
        (ISI, 7, 6, 1, "no-reliable-change"),
        (ISI, 8, 14, -6, "reliable-worsening"),
        (HIGHER_IS_BETTER, 40, 30, -10, "reliable-worsening"),
        (HIGHER_IS_BETTER, 40, 31, -9, "no-reliable-change"),
        (HIGHER_IS_BETTER, 20, 29, 9, "no-reliable-change"),
        (HIGHER_IS_BETTER, 40, 50, 10, "reliable-improvement"),
        (HIGHER_IS_BETTER, 40, 51, 11, "remission"),
    ],
)
def test_a_change_is_named_by_the_most_specific_class(
    rule: ChangeRule, baseline: int, current: int, delta: int, classified: Class
) -> None:
    assert classify(rule, baseline, current) == Change(delta, classified)


@given(baseline=st.integers(0, 27), current=st.integers(0, 27))
def test_nothing_below_a_reliable_change_is_called_worse_and_nothing_beyond_it_better(
    baseline: int, current: int
) -> None:
    found = classify(PHQ_9, baseline, current)

    assert found.delta == baseline - current
    assert (found.classified == "reliable-worsening") == (current - baseline >= 6)
    if found.classified == "remission":
        assert current < 5 <= baseline
    if found.classified in ("response", "reliable-improvement"):
        assert current < baseline


@given(baseline=st.integers(0, 100), current=st.integers(0, 100))
def test_a_scale_turned_round_changes_the_same_points(baseline: int, current: int) -> None:
    turned = replace_better(PHQ_9)

    assert classify(turned, baseline, current).delta == -classify(PHQ_9, baseline, current).delta


def replace_better(rule: ChangeRule) -> ChangeRule:
    return ChangeRule(rule.code, "", "higher", rule.reliable, rule.response, rule.remission)


def test_like_is_compared_with_like() -> None:
    assert change(PHQ_9, BASELINE, LATER) == Change(6, "reliable-improvement")


@pytest.mark.parametrize(
    "unlike",
    [
        replace(LATER, under=replace(SELF, score="70274-6")),
        replace(LATER, under=replace(SELF, instrument_version="2.0")),
        replace(LATER, under=replace(SELF, recall="past month")),
        replace(LATER, under=replace(SELF, respondent="RelatedPerson")),
        replace(LATER, under=replace(SELF, respondent=None)),
        replace(LATER, value=None),
        replace(LATER, is_prorated=True),
        replace(LATER, taken=OPENED),
        replace(LATER, taken=OPENED - DAY),
    ],
)
def test_what_is_unlike_or_incomplete_or_earlier_shows_no_change(unlike: Measured) -> None:
    assert change(PHQ_9, BASELINE, unlike) is None


@pytest.mark.parametrize(
    "baseline", [replace(BASELINE, value=None), replace(BASELINE, is_prorated=True)]
)
def test_nothing_is_compared_with_an_incomplete_baseline(baseline: Measured) -> None:
    assert change(PHQ_9, baseline, LATER) is None


def test_the_baseline_is_the_first_complete_measure_within_the_window() -> None:
    measures = [
        replace(BASELINE, taken=OPENED - DAY),
        replace(BASELINE, taken=OPENED + DAY, is_prorated=True),
        replace(BASELINE, taken=OPENED + 2 * DAY, value=None),
        replace(BASELINE, taken=OPENED + 4 * DAY),
        replace(BASELINE, taken=OPENED + 3 * DAY),
        replace(BASELINE, taken=OPENED + 14 * DAY),
    ]

    assert first_complete(measures, OPENED, OPENED + 14 * DAY) == 4
    assert first_complete(measures, OPENED - DAY, OPENED + 14 * DAY) == 0
    assert first_complete(measures[:3], OPENED, OPENED + 14 * DAY) is None
    assert first_complete(measures[5:], OPENED, OPENED + 14 * DAY) is None
