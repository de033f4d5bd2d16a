"""The checker of histories finds what is wrong, and only that."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.api.linearizability import DELETED, Event, made_twice, violations


def _write(version: int, began: float, ended: float, base: int | None = None) -> Event:
    return Event("write", began, ended, "done", f"c{version}", version, base)


def _read(version: int, began: float, ended: float) -> Event:
    return Event("read", began, ended, "done", f"c{version}", version)


def _lost(version: int, began: float, base: int | None = None) -> Event:
    """A write whose answer was lost, and which made a version as the end shows."""
    return Event("write", began, began + 1, "lost", f"c{version}", None, base)


GOOD = (
    _write(1, 0, 1),
    _write(2, 2, 5),
    _read(1, 2, 4),
    _read(2, 3, 6),
    _write(3, 6, 7, base=2),
    Event("write", 6, 8, "failed", "refused", None, 2),
    Event("write", 8, 9, "lost", "c4"),
    Event("write", 8, 9, "lost", "never"),
    _read(4, 9.5, 10),
)
FINAL = {1: "c1", 2: "c2", 3: "c3", 4: "c4"}
THREE = {1: "c1", 2: "c2", 3: "c3"}


def test_a_history_that_could_have_happened_has_no_violation() -> None:
    assert violations(GOOD, FINAL) == []
    assert violations(GOOD[::-1], FINAL) == []
    assert violations((), {}) == []


@pytest.mark.parametrize(
    ("events", "final", "told"),
    [
        (GOOD, FINAL | {6: "c6"}, "gaps"),
        ((*GOOD, _write(3, 6, 7)), FINAL, "two writes made version 3"),
        (GOOD, FINAL | {2: "other"}, "version 2 is not in the history"),
        (GOOD, {1: "c1", 2: "c2"}, "version 3 is not in the history"),
        (GOOD, FINAL | {5: "c5"}, "nobody wrote version 5"),
        (GOOD, FINAL | {5: "refused"}, "nobody wrote version 5"),
        (GOOD, FINAL | {5: "c4"}, "nobody wrote version 5"),
        ((*GOOD, _write(5, 10, 11, base=3)), FINAL | {5: "c5"}, "upon version 3 made version 5"),
        (
            (*GOOD, _write(5, 10, 11), Event("write", 12, 13, "failed", "x", None, 5)),
            FINAL | {5: "c5"},
            "refused while that was current",
        ),
        (
            (_write(1, 0, 1), Event("write", 2, 3, "failed", "x", None, 1), _write(2, 4, 5)),
            {1: "c1", 2: "c2"},
            "refused while that was current",
        ),
        ((_write(2, 0, 1), _write(1, 2, 3)), {1: "c1", 2: "c2"}, "begun after version 2"),
        ((*GOOD, _read(1, 11, 12)), FINAL, "read after version 4 was known"),
        ((_write(1, 0, 1), _read(2, 1, 2), _write(2, 3, 4)), {1: "c1", 2: "c2"}, "before it was"),
        ((*GOOD, replace(_read(4, 11, 12), content="x")), FINAL, "never written"),
        ((*GOOD, _read(9, 11, 12)), FINAL, "never written"),
        (
            (_write(1, 0, 1), _write(2, 2, 9), _read(2, 3, 4), _read(1, 5, 6)),
            {1: "c1", 2: "c2"},
            "read after version 2 was known",
        ),
        ((*GOOD, _lost(5, 10, base=3)), FINAL | {5: "c5"}, "upon version 3 made version 5"),
        ((_write(1, 0, 1), _write(3, 2, 3), _lost(2, 4)), THREE, "begun after version 3"),
        ((_write(1, 0, 1), _read(2, 2, 3), _lost(2, 4), _write(3, 5, 6)), THREE, "before it was"),
    ],
)
def test_a_broken_history_is_told(
    events: tuple[Event, ...], final: dict[int, str], told: str
) -> None:
    assert any(told in each for each in violations(events, final)), violations(events, final)


def _delete(version: int, began: float, ended: float, base: int | None = None) -> Event:
    return Event("delete", began, ended, "done", DELETED, version, base)


GONE = (
    Event("read", 0, 1, "done", DELETED, 0),
    _write(1, 0, 2),
    _delete(2, 3, 6),
    _delete(2, 3, 5),
    _delete(2, 7, 8, base=2),
    Event("read", 7, 8, "done", DELETED, 2),
    _write(3, 9, 10),
    _delete(4, 11, 12, base=3),
)
LEFT = {1: "c1", 2: DELETED, 3: "c3", 4: DELETED}


def test_deletes_of_what_is_deleted_only_see_it() -> None:
    assert violations(GONE, LEFT) == []


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (_delete(2, 11, 12), "read after version 3 was known"),
        (_delete(3, 11, 12), "never written"),
        (_delete(3, 9, 10, base=1), "upon version 1 made version 3"),
        (Event("read", 3, 4, "done", DELETED, 0), "read after version 1 was known"),
        (_write(4, 11, 12), "two writes made version 4"),
        (Event("read", 7, 8, "done", "c2", 2), "never written"),
    ],
)
def test_a_delete_that_cannot_have_been_is_told(more: Event, told: str) -> None:
    found = violations((*GONE, more), LEFT)
    assert any(told in each for each in found), found


def _lost_delete(began: float) -> Event:
    return Event("delete", began, began + 1, "lost", DELETED)


def test_a_lost_answer_may_come_of_a_write_that_takes_effect_late() -> None:
    late = (_write(1, 0, 1), _lost(3, 2, base=2), _write(2, 5, 6), _read(3, 8, 9))
    assert violations(late, THREE) == []


def test_a_deletion_that_was_seen_before_is_another_s() -> None:
    final = {1: "c1", 2: DELETED}
    seen = Event("read", 4, 5, "done", DELETED, 2)
    # The answer that came first is of one that only saw it; its maker's was late, or lost.
    late = (_write(1, 0, 1), _delete(2, 2, 9), seen, _delete(2, 6, 7))
    assert violations(late, final) == []
    lost = (_write(1, 0, 1), _lost_delete(2), seen, _delete(2, 6, 7))
    assert violations(lost, final) == []
    nobody = (_write(1, 0, 1), seen, _delete(2, 6, 7))
    assert violations(nobody, final) == ["nobody wrote version 2"]


def test_a_lost_delete_makes_one_version_at_most() -> None:
    writes = (_write(1, 0, 1), _lost_delete(2), _write(3, 5, 6))
    final = {1: "c1", 2: DELETED, 3: "c3"}
    assert violations(writes, final) == []
    assert violations(writes, final | {4: DELETED}) == ["nobody wrote version 4"]


def test_what_is_made_under_a_condition_twice_is_told() -> None:
    lives = {
        "a": [_write(1, 0, 1), _delete(2, 5, 6)],
        "b": [_write(1, 5.5, 7), _write(2, 8, 9)],
    }
    assert made_twice(lives) == []
    # Its making may have come just before the other's, or just after its deletion.
    assert made_twice(lives | {"c": [_write(1, 0.5, 3), _delete(2, 4, 4.5)]}) == []
    c_left = _delete(2, 4, 4.5)
    found = made_twice(lives | {"c": [_write(1, 2, 3), c_left]})
    assert found == ["c was made while a was there"]
    assert made_twice(lives | {"c": [_write(1, 10, 11)]}) == ["c was made while b was there"]
    # A delete that ended before a write of it began was not its deletion.
    early = [_write(1, 0, 1), c_left, _write(2, 4.6, 4.7)]
    assert made_twice({"a": early, "b": [_write(1, 5.5, 7)]}) == ["b was made while a was there"]
