"""From the values of the criteria to one of five outcomes, and what is missing for one."""

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
from services.intake_api.domain.level_of_care.library import DEFAULT
from tests.unit.services.level_of_care import EXCLUSIONS, FOOTING, IDS, NEEDS, by_the_book

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.intake_api.domain.level_of_care.kleene import Truth

TRUTHS: tuple[Truth, ...] = (True, None, False)
SAFE = dict.fromkeys(EXCLUSIONS, False)
ABLE = dict.fromkeys(FOOTING, True)

RANDOM_CASES = 20_000
values_of_all = st.fixed_dictionaries({each: st.sampled_from(TRUTHS) for each in IDS})
# Mostly known, so that outcomes other than the undecided one are met often.
mostly_known = st.fixed_dictionaries(
    {each: st.sampled_from((True, True, False, False, False, None)) for each in IDS}
)
values_of_any = st.one_of(
    values_of_all,
    mostly_known,
    mostly_known.map(lambda values: values | SAFE),
    mostly_known.map(lambda values: values | SAFE | ABLE),
    mostly_known.map(lambda values: values | SAFE | dict.fromkeys(NEEDS, False)),
)


def given_values(**known: Truth) -> dict[str, Truth]:
    """Everything unknown but what is named, `_` for `-`."""
    named = {name.replace("_", "-"): value for name, value in known.items()}
    return dict.fromkeys(IDS) | named


def completions(values: dict[str, Truth]) -> Iterator[dict[str, Truth]]:
    unknown = [each for each, value in values.items() if value is None]
    for chosen in product((True, False), repeat=len(unknown)):
        yield values | dict(zip(unknown, chosen, strict=True))


def missing_by_trying(values: dict[str, Truth]) -> set[str]:
    """Every unknown that alone turns the outcome of some completion."""
    outcomes = {tuple(each.items()): by_the_book(each) for each in completions(values)}
    return {
        name
        for each in completions(values)
        for name, value in values.items()
        if value is None
        and outcomes[tuple(each.items())]
        != outcomes[tuple((each | {name: not each[name]}).items())]
    }


@pytest.mark.parametrize("one", TRUTHS)
@pytest.mark.parametrize("other", TRUTHS)
def test_truth_tables_are_those_of_kleene(one: Truth, other: Truth) -> None:
    order = {False: 0, None: 1, True: 2}

    assert order[conjunction([one, other])] == min(order[one], order[other])
    assert order[disjunction([one, other])] == max(order[one], order[other])
    assert order[negation(one)] == 2 - order[one]


def test_nothing_at_all_is_true_for_all_and_for_none() -> None:
    assert conjunction([]) is True
    assert disjunction([]) is False


def test_groups_share_no_criterion() -> None:
    members = [member for group in DEFAULT.groups for member in group.members]

    assert len(members) == len(set(members))
    assert {group.id: set(group.members) for group in DEFAULT.groups} == {
        "exclusion": set(EXCLUSIONS),
        "need": set(NEEDS),
        "footing": set(FOOTING),
    }
    assert DEFAULT.safety == ("EXC-IMMINENT",)


def test_there_are_the_criteria_of_the_reference() -> None:
    assert len(IDS) == len(set(IDS)) == 21
    assert len(NEEDS) == 9


@pytest.mark.parametrize(
    ("exclusion", "safety", "need", "footing"), list(product(TRUTHS, repeat=4))
)
def test_every_combination_of_group_values_is_decided_by_the_book(
    exclusion: Truth, safety: Truth, need: Truth, footing: Truth
) -> None:
    values = given_values(EXC_DETOX=exclusion, EXC_24H=exclusion, EXC_IMMINENT=safety)
    values |= dict.fromkeys(NEEDS, need) | dict.fromkeys(FOOTING, footing)

    assert decide(DEFAULT, values).outcome == by_the_book(values)


@pytest.mark.parametrize("group", [EXCLUSIONS, FOOTING], ids=["exclusion", "footing"])
def test_every_value_of_every_member_of_a_group_is_decided_by_the_book(group: list[str]) -> None:
    base = given_values(IND_MH=True) | SAFE | ABLE
    for chosen in product(TRUTHS, repeat=len(group)):
        values = base | dict(zip(group, chosen, strict=True))
        assert decide(DEFAULT, values).outcome == by_the_book(values)


def random_values() -> Iterator[dict[str, Truth]]:
    """Values by chance, often whole groups of one value, so that every outcome is met."""
    chance = Random(1)
    for _ in range(RANDOM_CASES):
        values = {each: chance.choice(TRUTHS) for each in IDS}
        for group in (EXCLUSIONS, NEEDS, FOOTING):
            if chance.random() < 0.7:
                values |= dict.fromkeys(group, chance.choice(TRUTHS))
        yield values


def test_any_values_are_decided_by_the_book() -> None:
    outcomes: Counter[str] = Counter()
    for values in random_values():
        outcome = decide(DEFAULT, values).outcome
        assert outcome == by_the_book(values), values
        outcomes[outcome] += 1

    assert len(outcomes) == 5
    assert min(outcomes.values()) > RANDOM_CASES / 100


def test_a_definite_outcome_never_changes_when_more_is_known() -> None:
    chance = Random(2)
    for values in random_values():
        decision = decide(DEFAULT, values)
        if decision.outcome != UNDECIDED:
            unknown = [each for each, value in values.items() if value is None]
            more = values | {each: chance.choice(TRUTHS) for each in unknown}
            assert decide(DEFAULT, more).outcome == decision.outcome, (values, more)
            assert decision.missing == ()


@given(values=values_of_all, exclusion=st.sampled_from(EXCLUSIONS))
def test_an_exclusion_outweighs_everything(values: dict[str, Truth], exclusion: str) -> None:
    decision = decide(DEFAULT, values | {exclusion: True})

    assert (decision.outcome, decision.rule) == ("higher", "exclusion-present")
    assert exclusion in decision.because
    assert decision.missing == ()


@given(values=values_of_any)
def test_nothing_is_recommended_while_safety_is_unknown(values: dict[str, Truth]) -> None:
    decision = decide(DEFAULT, values | SAFE | {"EXC-IMMINENT": None})

    assert (decision.outcome, decision.rule) == (UNDECIDED, "safety-unknown")
    assert decision.because == ("EXC-IMMINENT",)
    assert "EXC-IMMINENT" in decision.missing


@settings(max_examples=300, deadline=None)
@given(values=values_of_any, unknown=st.sets(st.sampled_from(IDS), min_size=1, max_size=7))
def test_what_is_missing_is_exactly_what_can_still_turn_the_outcome(
    values: dict[str, Truth], unknown: set[str]
) -> None:
    known = {name: value is True for name, value in values.items()}
    values = known | dict.fromkeys(unknown)
    decision = decide(DEFAULT, values)

    assert set(decision.missing) == missing_by_trying(values)
    assert bool(decision.missing) == (decision.outcome == UNDECIDED)


@pytest.mark.parametrize(("exclusion", "need", "footing"), list(product(TRUTHS, repeat=3)), ids=str)
def test_what_is_missing_is_exact_for_every_combination_of_groups(
    exclusion: Truth, need: Truth, footing: Truth
) -> None:
    """Two members of each group can be unknown; the others do not matter in theirs."""
    values = given_values() | SAFE | ABLE | dict.fromkeys(NEEDS, False)
    values |= {"EXC-IMMINENT": exclusion, "EXC-24H": exclusion}
    values |= {"IND-MH": need, "IND-SUD": need, "CAP-GROUP": footing, "ENV-HOME": footing}

    assert set(decide(DEFAULT, values).missing) == missing_by_trying(values)


def test_with_nothing_known_everything_that_decides_is_missing() -> None:
    missing = set(decide(DEFAULT, given_values()).missing)

    assert missing == {*EXCLUSIONS, *NEEDS, *FOOTING}


def test_what_is_not_needed_is_not_asked_for() -> None:
    values = given_values(IND_MH=True) | SAFE | ABLE | {"CAP-GROUP": None}

    assert decide(DEFAULT, values).missing == ("CAP-GROUP",)


def test_a_condition_is_named_whatever_the_others_are() -> None:
    values = given_values(IND_MH=True, CAP_MOTIV_PART=False, ENV_HOME=False) | SAFE
    decision = decide(DEFAULT, values)

    assert decision.outcome == "recommend-iop-with-conditions"
    assert decision.because == ("CAP-MOTIV-PART", "ENV-HOME")


@pytest.mark.parametrize("supporting", ["IND-OBLIGATIONS", "IND-DIRECT"])
def test_what_only_supports_never_decides(supporting: str) -> None:
    values = SAFE | ABLE | dict.fromkeys(NEEDS, False) | {supporting: True}

    assert decide(DEFAULT, dict.fromkeys(IDS) | values).outcome == "lower"
    need: dict[str, Truth] = dict.fromkeys(IDS) | values | {"IND-COPING": True}
    assert decide(DEFAULT, need).outcome == "recommend-iop"
