"""AUDIT and AUDIT-C, against the published rules written apart."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.care.instruments.registry import score_of
from shared.care.instruments.total import answered_though_skipped
from tests.unit.care.instruments import band, by_place, instrument, scored

AUDIT, AUDIT_C = "75624-7", "75626-2"
Counts = list[int | None]
FIRST_EIGHT = st.sampled_from((None, 0, 1, 2, 3, 4))
LAST_TWO = st.sampled_from((None, 0, 2, 4))
ITEMS = st.tuples(*[FIRST_EIGHT] * 8, *[LAST_TWO] * 2)


def audit(q: Counts) -> int | None:
    """The manual: items 2 to 8 after never, items 4 to 8 after 2 and 3 at zero, are not asked."""
    q = list(q)
    if q[0] == 0:
        q[1:8] = [0 if each is None else each for each in q[1:8]]
    if q[1] == 0 and q[2] == 0:
        q[3:8] = [0 if each is None else each for each in q[3:8]]
    known = [each for each in q if each is not None]
    return sum(known) if len(known) == 10 else None


@given(counts=ITEMS)
def test_the_total_of_any_audit_is_that_of_the_manual(counts: tuple[int | None, ...]) -> None:
    assert scored(AUDIT, by_place("audit", counts)) == audit(list(counts))


@given(first=st.integers(0, 4), last=st.tuples(LAST_TWO, LAST_TWO))
def test_an_audit_that_was_asked_by_the_rules_has_a_total(
    first: int, last: tuple[int | None, int | None]
) -> None:
    short = (0, *(None,) * 7, *last)
    shorter = (first, 0, 0, *(None,) * 5, *last)

    assert (scored(AUDIT, by_place("audit", short)) is None) == (None in last)
    assert (scored(AUDIT, by_place("audit", shorter)) is None) == (None in last)


def test_every_combination_of_an_audit_c_comes_to_its_sum() -> None:
    for q1, q2, q3 in product((None, 0, 1, 2, 3, 4), repeat=3):
        left = [0 if q1 == 0 and each is None else each for each in (q2, q3)]
        expected = None if q1 is None or None in left else q1 + sum(each or 0 for each in left)

        assert scored(AUDIT_C, by_place("audit-c", (q1, q2, q3))) == expected


@pytest.mark.parametrize(
    ("sex", "cut"), [("male", 4), ("female", 3), ("other", 3), ("unknown", 3), (None, 3)]
)
def test_the_cut_point_of_an_audit_c_depends_on_the_sex(sex: str | None, cut: int) -> None:
    assert [band(AUDIT_C, value, sex) for value in range(13)] == [
        "positive" if value >= cut else "negative" for value in range(13)
    ]


def test_an_item_that_is_not_asked_but_affirmed_is_named_and_counts() -> None:
    skips = instrument("audit-c").skips
    for counts in product((None, 0, 1, 2, 3, 4), repeat=3):
        answers = by_place("audit-c", counts)
        named = [item for _, item in answered_though_skipped(skips, answers)]
        denied = counts[0] == 0
        codes = list(instrument("audit-c").by_code)
        assert named == [codes[n] for n in (1, 2) if denied and counts[n]]
    assert scored(AUDIT_C, by_place("audit-c", (0, 1, 2))) == 3


@pytest.mark.parametrize(
    ("last", "first", "code"),
    [
        (7, 8, "hazardous"),
        (15, 16, "harmful"),
        (19, 20, "possible-dependence"),
    ],
)
def test_a_band_of_the_audit_begins_where_it_should(last: int, first: int, code: str) -> None:
    assert band(AUDIT, first) == code != band(AUDIT, last)
    assert (band(AUDIT, 0), band(AUDIT, 40)) == ("low-risk", "possible-dependence")


def test_the_last_two_items_count_none_two_or_four() -> None:
    audit_items = instrument("audit")
    for code in list(audit_items.by_code)[8:]:
        assert [option.value for option in audit_items.options_of(code)] == [0, 2, 4]


def test_the_item_of_us_core_is_none_of_the_audit_c() -> None:
    found = score_of(AUDIT_C)
    assert found is not None
    assert "68517-2" not in found[0].by_code
    assert "68517-2" in found[0].unscored
