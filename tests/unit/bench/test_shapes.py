"""The shapes of search: thirty, of the five types, each with a page of twenty."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from tests.bench.samples import Samples
from tests.bench.shapes import SHAPES, TYPES, NoValue


def test_there_are_thirty_shapes_over_five_types() -> None:
    found = Counter(each.type for each in SHAPES)

    assert found.total() == len({(each.type, each.name) for each in SHAPES}) == 30
    assert set(found) == set(TYPES)


def test_each_prefix_of_a_date_is_in_one_of_them() -> None:
    names = " ".join(each.name for each in SHAPES)

    for prefix in ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"):
        assert f"date {prefix}" in names


def test_a_shape_takes_its_values_from_a_resource_that_has_them() -> None:
    named = b'{"resourceType":"Organization","address":[{"city":"New Bedford"}]}'
    samples = Samples([], {"Organization": [b'{"resourceType":"Organization"}', named]})
    (shape,) = (each for each in SHAPES if each.name == "address-city")

    search = shape.search(samples, random.Random(1))

    assert search == "Organization?address-city=New+Bedford&_count=20"


def test_a_shape_for_which_the_record_has_no_value_is_not_sought_for_ever() -> None:
    samples = Samples([], {"Organization": [b'{"resourceType":"Organization"}']})
    (shape,) = (each for each in SHAPES if each.name == "address-city")

    with pytest.raises(NoValue):
        shape.search(samples, random.Random(1))
