"""Check digits, against codes that are known to be right and wrong, and against every slip."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.fhir.terminology.check_digits import (
    has_snomed_check_digit,
    is_loinc_term,
    is_snomed_concept,
    loinc_check_digit,
)

TERMS = "44261-6 44260-8 69737-5 70274-6 75626-2 101697-1 82666-9 93373-9 18776-5 8716-3 68509-9"
CONCEPTS = "18512000 76168009 228557008 405780009 166001 5694008 461481000124109 720433000"


@pytest.mark.parametrize("term", TERMS.split())
def test_of_a_term_only_its_own_check_digit_is_right(term: str) -> None:
    assert is_loinc_term(term)
    assert loinc_check_digit(term) == term[-1]


@pytest.mark.parametrize("term", ["76689-1", "76690-9", "76691-7", "96843-5"])
def test_terms_that_were_published_wrongly(term: str) -> None:
    assert loinc_check_digit(term) != term[-1]


@pytest.mark.parametrize("code", ["LA6568-5", "LP6568-5", "LL358-3", "44261", "behavioural", "-6"])
def test_what_is_no_term_has_none(code: str) -> None:
    assert not is_loinc_term(code)


@pytest.mark.parametrize("concept", CONCEPTS.split())
def test_concepts_end_in_their_check_digit(concept: str) -> None:
    assert is_snomed_concept(concept)
    assert has_snomed_check_digit(concept)


@pytest.mark.parametrize("concept", ["718029007", "311891000", "386449003", "763304007"])
def test_concepts_that_are_often_copied_wrongly(concept: str) -> None:
    assert is_snomed_concept(concept)
    assert not has_snomed_check_digit(concept)


@given(st.sampled_from(CONCEPTS.split()), st.data())
def test_every_wrong_digit_and_every_swap_of_neighbours_is_seen(
    concept: str, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(concept) - 1))
    for digit in set("0123456789") - {concept[place]}:
        assert not has_snomed_check_digit(concept[:place] + digit + concept[place + 1 :])
    for left, right in zip(range(len(concept) - 1), range(1, len(concept)), strict=True):
        swapped = concept[:left] + concept[right] + concept[left] + concept[right + 1 :]
        assert swapped == concept or not has_snomed_check_digit(swapped)
