"""The checker of histories finds what is wrong, and only that."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.api.linearizability import Event, violations


def _write(version: int, began: float, ended: float, base: int | None = None) -> Event:
    return Event("write", began, ended, "done", f"c{version}", version, base)


def _read(version: int, began: float, ended: float) -> Event:
    return Event("read", began, ended, "done", f"c{version}", version)


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
    ],
)
def test_a_broken_history_is_told(
    events: tuple[Event, ...], final: dict[int, str], told: str
) -> None:
    assert any(told in each for each in violations(events, final)), violations(events, final)
