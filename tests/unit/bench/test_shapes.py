"""The shapes of search: thirty, of the five types, each with a page of twenty."""

from __future__ import annotations

from collections import Counter

from tests.bench.shapes import SHAPES, TYPES


def test_there_are_thirty_shapes_over_five_types() -> None:
    found = Counter(each.type for each in SHAPES)

    assert found.total() == len({(each.type, each.name) for each in SHAPES}) == 30
    assert set(found) == set(TYPES)


def test_each_prefix_of_a_date_is_in_one_of_them() -> None:
    names = " ".join(each.name for each in SHAPES)

    for prefix in ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"):
        assert f"date {prefix}" in names
