"""A second reading of the policy about who does not come, by hand and without haste.

A story is a list of events in their order: `missed`, `came`, `hold`, `reached`, `declined`,
`message`. Each happens so many days after the one before.
"""

from __future__ import annotations

ATTEMPTS = ("call", "second-attempt", "letter")


def steps(story: list[str]) -> list[tuple[int, str, str]]:
    """For each chain, the event that began it and each step with what became of it."""
    told: list[tuple[int, str, str]] = []
    happened = effective(story)
    while "missed" in happened:
        began = happened.index("missed")
        events, ended = one_chain(happened[began + 1 :])
        told += [(began, step, status) for step, status in events]
        happened = ["nothing"] * (began + 1 + ended) + happened[began + 1 + ended :]
    return told


def effective(story: list[str]) -> list[str]:
    """Leave out sessions of the time on hold."""
    told, is_held = [], False
    for event in story:
        is_held = event == "hold" or (is_held and event != "resume")
        told.append("nothing" if is_held and event in {"missed", "came"} else event)
    return told


def one_chain(after: list[str]) -> tuple[list[tuple[str, str]], int]:
    """The steps of a chain, and how many events later it is over."""
    made: list[tuple[str, str]] = []
    for n, event in enumerate(after, 1):
        if event in {"came", "hold"}:
            return [*made, (ATTEMPTS[len(made)], "cancelled")], n
        if event in {"message", "reached", "declined"}:
            made.append((ATTEMPTS[len(made)], "completed"))
            if event != "message" or len(made) == len(ATTEMPTS):
                return made, n
    return [*made, (ATTEMPTS[len(made)], "requested")], len(after)


def pairs(days: list[int]) -> list[tuple[int, int]]:
    """Two missed in seven days, by their days; each counts for one pair only."""
    found: list[tuple[int, int]] = []
    left = sorted(days)
    while len(left) > 1:
        first, second = left[0], left[1]
        if second - first < 7:
            found.append((first, second))
            left = left[2:]
        else:
            left = left[1:]
    return found
