"""Totals, bands and proration: what is missing is never zero."""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.care.instruments.registry import INSTRUMENTS, instrument_of, score_of
from shared.care.instruments.total import total

if TYPE_CHECKING:
    from shared.care.instruments.instrument import Instrument
    from shared.care.instruments.score import Score

PHQ_9, PHQ_9_TOTAL = score_of("44261-6") or pytest.fail("no PHQ-9")
GAD_7, GAD_7_TOTAL = score_of("70274-6") or pytest.fail("no GAD-7")
SCORES = [(each, score) for each in INSTRUMENTS for score in each.scores]


def answered(items: tuple[str, ...]) -> st.SearchStrategy[dict[str, int]]:
    return st.fixed_dictionaries({}, optional=dict.fromkeys(items, st.integers(0, 3)))


@given(answers=answered(PHQ_9_TOTAL.items))
def test_a_phq_9_total_exists_exactly_when_at_most_two_items_are_missing(
    answers: dict[str, int],
) -> None:
    found = total(PHQ_9_TOTAL, answers)

    assert (found.value is not None) == (len(answers) >= 7)
    assert found.is_prorated == (len(answers) in (7, 8))
    assert set(found.missing) == set(PHQ_9_TOTAL.items) - answers.keys()


@given(answers=answered(PHQ_9_TOTAL.items))
def test_a_phq_9_total_is_nine_times_the_mean_rounded_half_up(answers: dict[str, int]) -> None:
    found = total(PHQ_9_TOTAL, answers).value

    if found is not None:
        assert found == floor(Fraction(9 * sum(answers.values()), len(answers)) + Fraction(1, 2))
        assert sum(answers.values()) <= found <= 27


@given(answers=answered(GAD_7_TOTAL.items))
def test_a_gad_7_with_a_missing_item_has_no_total(answers: dict[str, int]) -> None:
    expected = sum(answers.values()) if len(answers) == 7 else None

    assert total(GAD_7_TOTAL, answers).value == expected


@given(answers=answered(PHQ_9_TOTAL.items), difficulty=st.integers(0, 3))
def test_the_difficulty_item_is_not_scored(answers: dict[str, int], difficulty: int) -> None:
    assert total(PHQ_9_TOTAL, answers | {"69722-7": difficulty}) == total(PHQ_9_TOTAL, answers)


def test_eight_items_summing_to_four_come_to_five() -> None:
    answers = dict.fromkeys(PHQ_9_TOTAL.items[:4], 1) | dict.fromkeys(PHQ_9_TOTAL.items[4:8], 0)

    assert total(PHQ_9_TOTAL, answers).value == 5


@pytest.mark.parametrize(
    ("code", "value", "band"),
    [
        ("44261-6", 0, "none-minimal"),
        ("44261-6", 4, "none-minimal"),
        ("44261-6", 5, "mild"),
        ("44261-6", 9, "mild"),
        ("44261-6", 10, "moderate"),
        ("44261-6", 14, "moderate"),
        ("44261-6", 15, "moderately-severe"),
        ("44261-6", 19, "moderately-severe"),
        ("44261-6", 20, "severe"),
        ("44261-6", 27, "severe"),
        ("70274-6", 0, "minimal"),
        ("70274-6", 4, "minimal"),
        ("70274-6", 5, "mild"),
        ("70274-6", 9, "mild"),
        ("70274-6", 10, "moderate"),
        ("70274-6", 14, "moderate"),
        ("70274-6", 15, "severe"),
        ("70274-6", 21, "severe"),
    ],
)
def test_a_band_begins_and_ends_where_it_should(code: str, value: int, band: str) -> None:
    _, score = score_of(code) or pytest.fail("no such score")

    found = score.band(value)
    assert found is not None
    assert found.code == band


@pytest.mark.parametrize(("instrument", "score"), SCORES)
def test_every_value_that_answers_can_come_to_lies_in_one_band(
    instrument: Instrument, score: Score
) -> None:
    highest = sum(
        max(option.value for option in instrument.options_of(item)) for item in score.items
    )

    assert score.max == highest * score.times
    for bands in (score.bands, *score.by_sex.values()):
        for value in range(score.max + 1) if bands else ():
            assert len([b for b in bands if b.min <= value <= b.max]) == 1
    for sex in (None, "male", "female", "other"):
        bands = score.by_sex.get(str(sex), score.bands)
        for value in range(score.max + 1):
            assert score.band(value, sex) in (bands or (None,))


def test_a_questionnaire_is_known_by_its_canonical_with_or_without_version() -> None:
    own = "https://stepdown.example/fhir/Questionnaire/phq-9"

    assert instrument_of(own) is instrument_of(f"{own}|1.0") is PHQ_9
    assert instrument_of("http://hl7.org/fhir/us/core/Questionnaire/phq-9-example") is PHQ_9
    assert instrument_of("https://elsewhere.example/Questionnaire/phq-9") is None
    assert instrument_of(None) is None


@pytest.mark.parametrize("instrument", INSTRUMENTS)
def test_every_loinc_code_of_an_instrument_passes_its_check_digit(
    instrument: Instrument,
) -> None:
    systems = {each.code: each.system for each in instrument.items}
    systems |= {each.code: each.system for each in instrument.scores}
    codes = [code for code, system in systems.items() if system == "http://loinc.org"]
    risks = [instrument.risk.code] if instrument.risk else []
    panels = [instrument.panel] if instrument.panel else []
    for code in (*panels, *codes, *risks, *instrument.unscored):
        number, digit = code.split("-")
        weighed = [int(n) * (2 - at % 2) for at, n in enumerate(reversed(number))]
        assert sum(map(int, f"{''.join(map(str, weighed))}{digit}")) % 10 == 0, code
