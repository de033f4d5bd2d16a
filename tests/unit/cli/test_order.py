"""The order in which files are sent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cli.loading import contents, files
from services.cli.loading.contents import Contents
from services.cli.loading.order import Order, arrange

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable

SYNTHEA = Path(__file__).parents[4] / "shared/data/synthea"


def file(name: str, defines: Iterable[str] = (), refers: Iterable[str] = ()) -> Contents:
    return Contents(Path(name), 1, frozenset(defines), frozenset(refers))


def names(order: Order) -> list[list[str]]:
    return [[file.path.name for file in layer] for layer in order.layers]


def test_files_that_others_refer_to_come_first_whatever_their_names() -> None:
    person = file("a", ["Patient"], ["Organization?identifier=1", "Practitioner?identifier=1"])
    staff = file("b", ["Practitioner?identifier=1"], ["Organization?identifier=1"])
    places = file("c", ["Organization?identifier=1"])
    assert names(arrange([person, staff, places])) == [["c"], ["b"], ["a"]]


def test_files_that_need_nothing_of_each_other_go_by_name() -> None:
    assert names(arrange([file("c"), file("a"), file("b")])) == [["a", "b", "c"]]


def test_a_streamed_file_answers_for_all_of_its_type() -> None:
    lines = file("z.ndjson", ["Practitioner"])
    person = file("a.json", ["Patient", "Patient/1"], ["Practitioner/9"])
    assert names(arrange([person, lines])) == [["z.ndjson"], ["a.json"]]


def test_an_exact_definition_is_preferred_to_a_type() -> None:
    exact = file("y.json", ["Practitioner", "Practitioner/9"])
    other = file("x.json", ["Practitioner", "Practitioner/1"], ["Patient/1"])
    person = file("a.json", ["Patient", "Patient/1"], ["Practitioner/9"])
    assert names(arrange([person, exact, other])) == [["y.json"], ["a.json"], ["x.json"]]


def test_a_cycle_is_told_and_taken_by_name() -> None:
    b = file("b", ["Encounter"], ["Condition"])
    c = file("c", ["Condition"], ["Encounter"])
    before, after = file("z", ["Patient"]), file("a", ["Goal"], ["Condition"])
    order = arrange([after, c, b, before])
    assert names(order) == [["z"], ["b"], ["c"], ["a"]]
    assert [path.name for path in order.out_of_order] == ["b"]


def test_a_reference_that_no_file_answers_orders_nothing() -> None:
    assert names(arrange([file("a", [], ["Patient/1"]), file("b")])) == [["a", "b"]]


@given(
    st.lists(st.tuples(st.sets(st.integers(0, 9)), st.sets(st.integers(0, 9))), max_size=12),
    st.randoms(use_true_random=False),
)
def test_every_file_comes_once_and_after_what_it_needs_unless_told(
    edges: list[tuple[set[int], set[int]]], shuffle: random.Random
) -> None:
    made = [
        file(f"{n:02}", map(str, defines), map(str, refers - defines))
        for n, (defines, refers) in enumerate(edges)
    ]
    order = arrange(shuffle.sample(made, len(made)))
    assert names(order) == names(arrange(made))
    position = {file: number for number, layer in enumerate(order.layers) for file in layer}
    assert sorted(position, key=lambda file: file.path) == made
    for one in made:
        for other in made:
            if one.refers & other.defines and one.path not in order.out_of_order:
                assert position[other] < position[one]


@pytest.mark.skipif(not SYNTHEA.is_dir(), reason="../shared/data/synthea is absent")
def test_of_the_synthea_files_the_two_that_all_refer_to_come_first() -> None:
    order = arrange(contents.scan(path) for path in files.find([SYNTHEA]))
    first, second = names(order)
    assert all(name.startswith("0-") for name in first)
    assert (len(first), len(second), order.out_of_order) == (2, 20, ())
