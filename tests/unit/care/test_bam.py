"""The BAM and its weekly form: subscales, bands of days, flags, against tables written apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.care.instruments.response import answers
from tests.unit.care.instruments import band, instrument, scored

USE, RISK, PROTECTIVE = (4, 5, 6), (1, 2, 3, 8, 11, 15), (9, 10, 12, 13, 14, 16)
SUBSCALES = {"use": USE, "risk": RISK, "protective": PROTECTIVE}
DAYS = {2, 3, 4, 5, 6, 10, 11, 13, 16}
SCORED = sorted((*USE, *RISK, *PROTECTIVE))


def counts(days: int) -> st.SearchStrategy[dict[int, int]]:
    of = {
        n: st.sampled_from((0, 4)) if n == 14 else st.integers(0, days if n in DAYS else 4)
        for n in SCORED
    }
    return st.fixed_dictionaries({}, optional=of)


def oracle(items: tuple[int, ...], given_counts: dict[int, int]) -> int | None:
    told = dict(given_counts)
    if told.get(4) == 0:
        told.setdefault(5, 0)
    return sum(told[n] for n in items) if set(items) <= told.keys() else None


@pytest.mark.parametrize(("name", "days"), [("bam", 4), ("bam-iop", 7)])
def test_each_subscale_is_the_sum_of_its_items(name: str, days: int) -> None:
    @given(told=counts(days))
    def holds(told: dict[int, int]) -> None:
        given_answers = {f"{name}-{n}": count for n, count in told.items()}
        for scale, items in SUBSCALES.items():
            assert scored(f"{name}-{scale}", given_answers) == oracle(items, told)

    holds()


def test_days_fall_into_their_band_whether_told_by_code_or_by_number() -> None:
    bam = instrument("bam")
    edges = {0: 0, 1: 1, 3: 1, 4: 2, 8: 2, 9: 3, 15: 3, 16: 4, 30: 4}
    for day in range(31):
        item = {"linkId": "bam-4", "answer": [{"valueInteger": day}]}
        found = answers(bam, {"item": [item]})
        expected = max(value for edge, value in edges.items() if edge <= day)
        assert (found.values, found.issues) == ({"bam-4": expected}, ())
    for wrong in (-1, 31):
        item = {"linkId": "bam-4", "answer": [{"valueInteger": wrong}]}
        [issue] = answers(bam, {"item": [item]}).issues
        assert issue.expression == "QuestionnaireResponse.item[0]"
        assert "from 0 to 30" in issue.diagnostics


def test_the_weekly_form_keeps_its_days_as_they_are() -> None:
    weekly = instrument("bam-iop")
    for day in range(8):
        item = {"linkId": "bam-iop-4", "answer": [{"valueInteger": day}]}
        assert answers(weekly, {"item": [item]}).values == {"bam-iop-4": day}
    item = {"linkId": "bam-iop-4", "answer": [{"valueInteger": 8}]}
    assert len(answers(weekly, {"item": [item]}).issues) == 1
    assert all(not score.bands for score in weekly.scores)


def test_a_number_answers_only_what_counts_days() -> None:
    item = {"linkId": "bam-8", "answer": [{"valueInteger": 1}]}

    assert len(answers(instrument("bam"), {"item": [item]}).issues) == 1


def test_the_flags_are_raised_where_they_should_be() -> None:
    flagged = {
        (score.code, value)
        for score in instrument("bam").scores
        for value in range(score.max + 1)
        if (one := score.band(value)) is not None and one.positive
    }

    assert flagged == {
        *(("bam-use", value) for value in range(1, 13)),
        *(("bam-risk", value) for value in range(12, 25)),
        *(("bam-protective", value) for value in range(13)),
    }
    assert band("bam-protective", 12) != band("bam-protective", 13)


@pytest.mark.parametrize("name", ["bam", "bam-iop"])
def test_drug_types_and_satisfaction_count_in_no_subscale(name: str) -> None:
    items = {item for score in instrument(name).scores for item in score.items}

    assert items == {f"{name}-{n}" for n in SCORED}
    assert set(instrument(name).by_code) - items == {
        *(f"{name}-7{letter}" for letter in "abcdefg"),
        f"{name}-17",
    }
    assert [each.value for each in instrument(name).options_of(f"{name}-14")] == [4, 0]
