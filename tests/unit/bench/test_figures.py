"""Percentiles and growth, as the benchmark tells them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.figures import Growth, Latency, percentile

SECONDS = st.lists(st.floats(0, 100), min_size=1)


def test_percentiles_of_a_hundred_values_are_these_values() -> None:
    values = [float(n) for n in range(100, 0, -1)]

    found = [percentile(values, share) for share in (0.5, 0.95, 0.99, 1.0)]

    assert found == [50.0, 95.0, 99.0, 100.0]


def test_nothing_took_no_time() -> None:
    assert Latency.of([]) == Latency(0, 0, 0, 0, 0)


@given(SECONDS, st.floats(0.01, 1))
def test_a_percentile_is_a_value_that_so_many_do_not_exceed(
    values: list[float], share: float
) -> None:
    found = percentile(values, share)

    assert found in values
    assert sum(each <= found for each in values) >= share * len(values) * (1 - 1e-9)


@pytest.mark.parametrize(
    ("medians", "is_flat"),
    [
        ({10_000: 2.0, 100_000: 6.0, 1_000_000: 6.0}, True),
        ({10_000: 2.0, 100_000: 6.1}, False),
        ({10_000: 2.0, 100_000: 1.0, 1_000_000: 3.1}, False),
        ({300: 2.0}, True),
    ],
)
def test_a_shape_is_flat_when_no_tenfold_makes_it_more_than_three_times_as_slow(
    medians: dict[int, float], *, is_flat: bool
) -> None:
    at = {size: Latency(median, 0, 0, 0, 1) for size, median in medians.items()}

    assert Growth("shape", "search", at).is_flat is is_flat
