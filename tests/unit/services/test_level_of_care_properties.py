"""What holds of every decision by every set, whatever the values of its criteria.

Each set is held against its rules as they are told in prose, written apart in `BOOKS`.
"""

from __future__ import annotations

from collections import Counter
from itertools import product
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake_api.domain.level_of_care.criteria_set import UNDECIDED
from services.intake_api.domain.level_of_care.decision import decide
from services.intake_api.domain.level_of_care.kleene import conjunction, disjunction, negation
from services.intake_api.domain.level_of_care.library import CRITERIA_SETS
from tests.unit.services.level_of_care import BOOKS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.intake_api.domain.level_of_care.criteria_set import CriteriaSet, Group
    from services.intake_api.domain.level_of_care.kleene import Truth

Values = dict[str, "Truth"]
TRUTHS: tuple[Truth, ...] = (True, None, False)
# The long form takes ten times as many.
RANDOM_CASES = 100_000
sets = pytest.mark.parametrize("criteria_set", CRITERIA_SETS, ids=lambda each: each.title[:8])


def unknown(criteria_set: CriteriaSet) -> Values:
    return dict.fromkeys([each.id for each in criteria_set.criteria])


def exclusions(criteria_set: CriteriaSet) -> list[str]:
    return [each.id for each in criteria_set.criteria if each.kind == "exclusion"]


def by_chance(criteria_set: CriteriaSet, cases: int) -> Iterator[Values]:
    """Values by chance, often whole groups of one value, so that every outcome is met."""
    chance = Random(1)
    for _ in range(cases):
        values = {each: chance.choice(TRUTHS) for each in unknown(criteria_set)}
        for group in criteria_set.groups:
            if chance.random() < 0.7:
                values |= dict.fromkeys(group.members, chance.choice(TRUTHS))
        yield values


def completions(values: Values) -> Iterator[Values]:
    open_ones = [each for each, value in values.items() if value is None]
    for chosen in product((True, False), repeat=len(open_ones)):
        yield values | dict(zip(open_ones, chosen, strict=True))


def missing_by_trying(criteria_set: CriteriaSet, values: Values) -> set[str]:
    """Every unknown that alone turns the outcome of some completion."""
    book = BOOKS[criteria_set.url]
    outcomes = {tuple(each.values()): book(each) for each in completions(values)}
    open_ones = [(place, name) for place, name in enumerate(values) if values[name] is None]
    return {
        name
        for place, name in open_ones
        for completed, outcome in outcomes.items()
        if outcome != outcomes[(*completed[:place], not completed[place], *completed[place + 1 :])]
    }


def standing(group: Group, value: Truth, most_unknown: int) -> Values:
    """Values of a group's members that come to a value, with no more than so many unknown."""
    neutral = group.quantifier == "all"
    values: Values = dict.fromkeys(group.members, neutral)
    return values | dict.fromkeys(group.members[:most_unknown], value)


def grouped(criteria_set: CriteriaSet, most_unknown: int) -> Iterator[Values]:
    """Every combination of the values of the groups."""
    for chosen in product(TRUTHS, repeat=len(criteria_set.groups)):
        values = unknown(criteria_set)
        for group, value in zip(criteria_set.groups, chosen, strict=True):
            values |= standing(group, value, most_unknown)
        # What decides nothing needs no trying.
        yield values | {e.id: True for e in criteria_set.criteria if not e.deciding}


@pytest.mark.parametrize("one", TRUTHS)
@pytest.mark.parametrize("other", TRUTHS)
def test_truth_tables_are_those_of_kleene(one: Truth, other: Truth) -> None:
    order = {False: 0, None: 1, True: 2}

    assert order[conjunction([one, other])] == min(order[one], order[other])
    assert order[disjunction([one, other])] == max(order[one], order[other])
    assert order[negation(one)] == 2 - order[one]
    assert disjunction([one, other]) is negation(conjunction([negation(one), negation(other)]))


def test_nothing_at_all_is_true_for_all_and_for_none() -> None:
    assert conjunction([]) is True
    assert disjunction([]) is False


@sets
def test_groups_share_no_criterion_and_hold_all_that_decide(criteria_set: CriteriaSet) -> None:
    members = [member for group in criteria_set.groups for member in group.members]

    assert sorted(members) == sorted(e.id for e in criteria_set.criteria if e.deciding)
    assert len(members) == len(set(members))
    assert criteria_set.safety == ("EXC-IMMINENT",)


@sets
def test_every_combination_of_group_values_is_decided_by_the_book(
    criteria_set: CriteriaSet,
) -> None:
    for values in grouped(criteria_set, most_unknown=20):
        for safety in TRUTHS:
            told = values | {"EXC-IMMINENT": safety}
            assert decide(criteria_set, told).outcome == BOOKS[criteria_set.url](told), told


@sets
def test_every_value_of_every_member_of_a_group_is_decided_by_the_book(
    criteria_set: CriteriaSet,
) -> None:
    base = unknown(criteria_set)
    for group in criteria_set.groups:
        base |= standing(group, group.id != "exclusion", 20)
    for group in criteria_set.groups:
        for chosen in product(TRUTHS, repeat=len(group.members)):
            values = base | dict(zip(group.members, chosen, strict=True))
            assert decide(criteria_set, values).outcome == BOOKS[criteria_set.url](values), values


def hold_by_chance(criteria_set: CriteriaSet, cases: int) -> Counter[str]:
    """Hold random values to the book, and definite outcomes to what more is known later."""
    book, chance, outcomes = BOOKS[criteria_set.url], Random(2), Counter[str]()
    for values in by_chance(criteria_set, cases):
        decision = decide(criteria_set, values)
        outcomes[decision.outcome] += 1
        assert decision.outcome == book(values), values
        assert bool(decision.missing) == (decision.outcome == UNDECIDED), values
        if decision.outcome != UNDECIDED:
            more = {e: chance.random() < 0.5 if v is None else v for e, v in values.items()}
            assert decide(criteria_set, more).outcome == decision.outcome, (values, more)
    return outcomes


@sets
def test_any_values_are_decided_by_the_book_and_for_good(criteria_set: CriteriaSet) -> None:
    outcomes = hold_by_chance(criteria_set, RANDOM_CASES)

    assert len(outcomes) == 5
    assert min(outcomes.values()) > RANDOM_CASES / 1_000


@pytest.mark.long
@sets
def test_a_million_values_are_decided_by_the_book_and_for_good(criteria_set: CriteriaSet) -> None:
    assert hold_by_chance(criteria_set, 10 * RANDOM_CASES).total() == 10 * RANDOM_CASES


@sets
def test_an_exclusion_outweighs_everything(criteria_set: CriteriaSet) -> None:
    for values in by_chance(criteria_set, 2_000):
        for exclusion in exclusions(criteria_set):
            decision = decide(criteria_set, values | {exclusion: True})
            assert (decision.outcome, decision.rule) == ("higher", "exclusion-present")
            assert exclusion in decision.because
            assert decision.missing == ()


@sets
def test_nothing_is_recommended_while_safety_is_unknown(criteria_set: CriteriaSet) -> None:
    safe = dict.fromkeys(exclusions(criteria_set), False) | {"EXC-IMMINENT": None}
    for values in by_chance(criteria_set, 2_000):
        decision = decide(criteria_set, values | safe)
        assert (decision.outcome, decision.rule) == (UNDECIDED, "safety-unknown")
        assert decision.because == ("EXC-IMMINENT",)
        assert "EXC-IMMINENT" in decision.missing


@sets
def test_what_is_missing_is_exact_for_every_combination_of_groups(
    criteria_set: CriteriaSet,
) -> None:
    """Two members of each group can be unknown; the others do not matter in theirs."""
    for values in grouped(criteria_set, most_unknown=2):
        missing = decide(criteria_set, values).missing
        assert set(missing) == missing_by_trying(criteria_set, values), values


@sets
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_what_is_missing_is_exactly_what_can_still_turn_the_outcome(
    criteria_set: CriteriaSet, data: st.DataObject
) -> None:
    ids = list(unknown(criteria_set))
    # Mostly such that nothing is excluded, since that alone would decide.
    free = [each for each in ids if each not in exclusions(criteria_set)]
    known = data.draw(st.fixed_dictionaries({each: st.booleans() for each in free}))
    safe = dict.fromkeys(exclusions(criteria_set), data.draw(st.sampled_from([False] * 4 + [True])))
    open_ones = data.draw(st.sets(st.sampled_from(ids), min_size=1, max_size=7))
    values = known | safe | dict.fromkeys(open_ones)
    decision = decide(criteria_set, values)

    assert set(decision.missing) == missing_by_trying(criteria_set, values)
    assert bool(decision.missing) == (decision.outcome == UNDECIDED)


@sets
def test_with_nothing_known_everything_that_decides_is_missing(criteria_set: CriteriaSet) -> None:
    missing = decide(criteria_set, unknown(criteria_set)).missing

    assert missing == tuple(each.id for each in criteria_set.criteria if each.deciding)
