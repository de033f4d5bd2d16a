"""PCL-5, DAST-10, WHO-5, ISI, PHQ-2 and PHQ-A, against plain sums and tables written apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.care.instruments.total import is_found
from tests.unit.care.instruments import band, by_place, instrument, scored

# By name: the code of the score, how many items, the highest count of each, how often it counts.
PLAIN = [
    ("pcl-5", "101698-9", 20, 4, 1),
    ("who-5", "who-5-score", 5, 5, 4),
    ("isi", "isi-score", 7, 4, 1),
    ("phq-2", "55758-7", 2, 3, 1),
    ("phq-a", "89204-2", 9, 3, 1),
    ("dast-10", "82667-7", 10, 1, 1),
]


@pytest.mark.parametrize(("name", "code", "items", "highest", "times"), PLAIN)
def test_a_total_is_the_sum_and_there_is_none_where_an_answer_is_missing(
    name: str, code: str, items: int, highest: int, times: int
) -> None:
    one = st.none() | st.integers(0, highest)

    @given(counts=st.tuples(*[one] * items))
    def holds(counts: tuple[int | None, ...]) -> None:
        known = [each for each in counts if each is not None]
        expected = times * sum(known) if len(known) == items else None
        assert scored(code, by_place(name, counts)) == expected

    @given(counts=st.tuples(*[st.integers(0, highest)] * items))
    def holds_of_whole_ones(counts: tuple[int, ...]) -> None:
        assert scored(code, by_place(name, counts)) == times * sum(counts)

    holds()
    holds_of_whole_ones()


WHOLE = st.lists(st.integers(0, 4), min_size=20, max_size=20)


@given(q=WHOLE)
def test_the_provisional_diagnosis_needs_enough_of_each_cluster(q: list[int]) -> None:
    rated = [each >= 2 for each in q]
    [finding] = instrument("pcl-5").findings
    expected = (
        sum(rated[0:5]) >= 1
        and sum(rated[5:7]) >= 1
        and sum(rated[7:14]) >= 2
        and sum(rated[14:20]) >= 2
    )

    assert is_found(finding, by_place("pcl-5", q)) == expected
    for missing in range(20):
        counts = [None if n == missing else each for n, each in enumerate(q)]
        assert is_found(finding, by_place("pcl-5", counts)) is None


@pytest.mark.parametrize("lacking", range(4))
def test_no_cluster_can_be_done_without(lacking: int) -> None:
    clusters = ((0, 1), (5, 1), (7, 2), (14, 2))
    [finding] = instrument("pcl-5").findings

    def diagnosed(short: int | None) -> bool | None:
        q = [0] * 20
        for cluster, (start, needed) in enumerate(clusters):
            for n in range(start, start + needed - (cluster == short)):
                q[n] = 2
        return is_found(finding, by_place("pcl-5", q))

    assert diagnosed(None) is True
    assert diagnosed(lacking) is False


@given(q=WHOLE)
def test_the_clusters_make_up_the_total(q: list[int]) -> None:
    answers = by_place("pcl-5", q)
    ends = {"b": (0, 5), "c": (5, 7), "d": (7, 14), "e": (14, 20)}

    for cluster, (start, end) in ends.items():
        assert scored(f"pcl-5-cluster-{cluster}", answers) == sum(q[start:end])


def test_to_be_able_to_stop_counts_for_no() -> None:
    dast = instrument("dast-10")
    counts = {
        item.number: {option.display: option.value for option in dast.options_of(item.code)}
        for item in dast.items
    }

    assert counts.pop("3") == {"Yes": 0, "No": 1}
    assert all(each == {"Yes": 1, "No": 0} for each in counts.values())


@pytest.mark.parametrize(
    ("code", "starts"),
    [
        ("101698-9", {0: "below-cut-point", 31: "cut-point-zone", 33: "probable-ptsd"}),
        (
            "82667-7",
            {0: "none-reported", 1: "low", 3: "moderate", 6: "substantial", 9: "severe"},
        ),
        ("isi-score", {0: "no-insomnia", 8: "subthreshold", 15: "moderate", 22: "severe"}),
        ("who-5-score", {0: "likely-depression", 29: "poor-well-being", 51: "good-well-being"}),
        ("55758-7", {0: "negative", 3: "positive"}),
        (
            "89204-2",
            {0: "none-minimal", 5: "mild", 10: "moderate", 15: "moderately-severe", 20: "severe"},
        ),
    ],
)
def test_bands_begin_where_they_should(code: str, starts: dict[int, str]) -> None:
    for start, name in starts.items():
        assert band(code, start) == name
        if start:
            assert band(code, start - 1) != name
