"""The risk of the C-SSRS screener, for every combination of yes, no and missing."""

from __future__ import annotations

from itertools import product

from shared.care.instruments.registry import instrument_of
from shared.care.instruments.risk import Risk, risk

SCREENER = instrument_of("https://stepdown.example/fhir/Questionnaire/c-ssrs-screener")
assert SCREENER is not None
assert SCREENER.risk is not None
RULE = SCREENER.risk
WISH, THOUGHTS, METHOD, INTENT, PLAN, EVER, RECENT = SCREENER.by_code
Q1_TO_Q6 = (WISH, THOUGHTS, METHOD, INTENT, PLAN, EVER, RECENT)
ORDER = ("none", "low", "moderate", "high")
Answers = dict[str, bool | None]
EVERY = [dict(zip(Q1_TO_Q6, each, strict=True)) for each in product((True, False, None), repeat=7)]


def triage(a: Answers) -> str:
    """The published table, read on its own."""
    if a[INTENT] or a[PLAN] or a[RECENT]:
        return "high"
    if a[METHOD] or (a[EVER] and not a[RECENT]):
        return "moderate"
    return "low" if a[WISH] or a[THOUGHTS] else "none"


def filled(a: Answers) -> Answers:
    a = dict(a)
    skipped = [q for q in (METHOD, INTENT, PLAN) if a[THOUGHTS] is False and a[q] is None]
    a |= dict.fromkeys(skipped, False)
    if a[EVER] is False and a[RECENT] is None:
        a[RECENT] = False
    if a[RECENT] is True and a[EVER] is None:
        a[EVER] = True
    return a


def levels(a: Answers) -> set[str]:
    if None not in a.values():
        return {triage(a)}
    missing = next(question for question, answer in a.items() if answer is None)
    return levels(a | {missing: True}) | levels(a | {missing: False})


def found(a: Answers) -> Risk:
    return risk(RULE, {q: int(answer) for q, answer in a.items() if answer is not None})


def test_every_combination_has_the_level_of_all_its_completions() -> None:
    for each in EVERY:
        expected = sorted(levels(filled(each)), key=ORDER.index)
        one = found(each)
        assert (one.lowest.name, one.highest.name) == (expected[0], expected[-1])
        assert (one.level is not None) == (len(expected) == 1)


def test_what_a_branch_explains_changes_138_of_the_combinations() -> None:
    assert len(EVERY) == 3**7
    assert sum(levels(each) != levels(filled(each)) for each in EVERY) == 138


def test_answering_more_never_widens_what_is_possible() -> None:
    for each in EVERY:
        before = found(each)
        for question in (q for q in Q1_TO_Q6 if each[q] is None):
            for answer in (True, False):
                after = found(each | {question: answer})
                if not after.contradictions:
                    assert ORDER.index(after.highest.name) <= ORDER.index(before.highest.name)
                    assert ORDER.index(after.lowest.name) >= ORDER.index(before.lowest.name)


def test_answers_contradict_where_a_branch_is_denied_and_taken() -> None:
    for each in EVERY:
        deep = any(each[question] for question in (METHOD, INTENT, PLAN))
        denied = each[THOUGHTS] is False and deep
        expected = denied or (each[EVER] is False and each[RECENT] is True)
        assert bool(found(each).contradictions) == expected


def test_of_contradictory_answers_the_affirmative_counts() -> None:
    nothing: Answers = dict.fromkeys(Q1_TO_Q6, False)

    assert found(nothing | {INTENT: True}).level == found(nothing | {RECENT: True}).level
    assert found(nothing | {INTENT: True}).highest.name == "high"
    assert found(nothing | {INTENT: True}).contradictions == ((THOUGHTS, INTENT),)
    assert found(nothing | {RECENT: True}).contradictions == ((EVER, RECENT),)


def test_an_empty_screen_may_be_anything_and_never_low() -> None:
    one = found(dict.fromkeys(Q1_TO_Q6))

    assert (one.lowest.name, one.highest.name, one.level) == ("none", "high", None)
