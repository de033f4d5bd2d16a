"""A mistake of a reaction is found in what a program writes, and a lost race is none."""

from __future__ import annotations

import pytest

from tests.program_log import mistakes


@pytest.mark.parametrize(
    ("told", "is_mistake"),
    [
        ("event 955 failed and parks its stream: IndexError in sessions_of (sessions.py:62)", True),
        ("a timer week_closes failed and waits: KeyError in close_week (attendance.py:70)", True),
        ("event 955 failed and parks its stream: DeadlockDetectedError", False),
        ("event 955 failed and parks its stream: TimeoutError", False),
        ("an outbound request was refused with status 412", False),
    ],
)
def test_a_mistake_is_told_from_what_may_happen(told: str, is_mistake: bool) -> None:  # noqa: FBT001
    line = f'level=error service=progress event="{told}"'
    assert mistakes(f"before\n{line}\nafter") == ([line] if is_mistake else [])
