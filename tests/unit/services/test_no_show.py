"""The chain of who does not come, over all short stories, against a reading of the policy apart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.progress_api.domain.measures.course import Course, State
from services.progress_api.domain.no_show import reading, signals, task
from services.progress_api.domain.no_show.chain import chains
from services.progress_api.domain.no_show.history import Attempt, End, History, Session
from services.progress_api.domain.no_show.wanted import Wanted, wanted
from shared.fhir.validation import validate
from tests.unit.services.no_show_oracle import pairs, steps

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

EVENTS = ("missed", "came", "hold", "reached", "declined", "message")
BEGIN = datetime(2026, 3, 2, 10, tzinfo=UTC)
DAY = timedelta(days=1)
OUTCOMES = {"reached": "reached", "declined": "declined", "message": "left-message"}


def history(
    sessions: Iterable[Session],
    attempts: Iterable[Attempt] = (),
    breaks: Iterable[End] = (),
    booked: Iterable[Session] = (),
) -> History:
    return History(
        sessions=tuple(sorted(sessions)),
        attempts=tuple(sorted(attempts)),
        breaks=tuple(sorted(breaks)),
        booked=tuple(sorted(booked)),
        zone=UTC,
    )


def of_story(story: Iterable[str]) -> History:
    sessions, attempts, breaks, is_held = [], [], [], False
    for n, event in enumerate(story):
        at = BEGIN + n * DAY
        if event in {"missed", "came"} and not is_held:
            sessions.append(Session(at, f"a{n}", event == "missed"))
        elif event in OUTCOMES:
            attempts.append(Attempt(at, f"Communication/c{n}", OUTCOMES[event]))
        elif event in {"hold", "resume"}:
            is_held = event == "hold"
            breaks += [End(at, "on-hold")] if is_held else []
    return history(sessions, attempts, breaks)


def told(story: Iterable[str]) -> list[tuple[int, str, str]]:
    return [
        (int(chain.began.id[1:]), each.step.code, each.status)
        for chain in chains(of_story(story))
        for each in chain.asked
    ]


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5])
def test_every_short_story_agrees_with_the_other_reading(length: int) -> None:
    for story in product((*EVENTS, "resume"), repeat=length):
        assert told(story) == steps(list(story)), story


@given(story=st.lists(st.sampled_from((*EVENTS, "resume")), max_size=14))
def test_a_long_story_agrees_with_the_other_reading(story: list[str]) -> None:
    assert told(story) == steps(story)


@given(days=st.lists(st.integers(0, 60), unique=True, max_size=12))
def test_two_missed_in_seven_days_are_found_once(days: list[int]) -> None:
    missed = [Session(BEGIN + day * DAY, f"a{day}", is_missed=True) for day in days]
    found = signals.repeated(history(missed))

    assert [tuple(int(each.id[1:]) for each in pair) for pair in found] == pairs(days)


@pytest.mark.parametrize(
    ("came", "kind"),
    [
        ("mm", None),
        ("mmm", "missed-in-a-row"),
        ("mmcm", None),
        ("cmcmcmmcm", "attended-too-few"),
        ("ccmcmc", None),
        ("mcmcm", None),
        ("mcmcmm", "attended-too-few"),
        ("cccmmm", "missed-in-a-row"),
    ],
)
def test_a_plan_is_questioned_by_policy(came: str, kind: str | None) -> None:
    sessions = [Session(BEGIN + n * DAY, f"a{n}", c == "m") for n, c in enumerate(came)]
    found = signals.questions(history(sessions))

    assert [each.kind for each in found] == ([kind] if kind else [])


def test_a_plan_is_questioned_again_only_after_a_while() -> None:
    sessions = [Session(BEGIN + n * DAY, f"a{n}", is_missed=True) for n in range(40)]

    assert [each.at for each in signals.questions(history(sessions))] == [
        BEGIN + 2 * DAY,
        BEGIN + 30 * DAY,
    ]


# What became of a Task as the policy and the record go on, whatever came first.
def as_followed(before: dict[str, Any] | None, asked: Wanted | None) -> dict[str, Any] | None:
    if before is None:
        opens = asked is not None and asked.status != "cancelled"
        return task.opened(asked, "p1", "2026-03-02T10:00:00Z") if opens and asked else None
    after = task.followed(before, asked) or before
    assert task.followed(after, asked) in (None, after)
    return after


def open_and_done(tasks: dict[str, dict[str, Any]]) -> set[tuple[str, str]]:
    """Which Tasks ask for something or were done; a cancelled one is as good as none."""
    return {(name, t["status"]) for name, t in tasks.items() if t["status"] != "cancelled"}


@given(
    story=st.lists(st.sampled_from(EVENTS), min_size=1, max_size=7),
    order=st.randoms(use_true_random=False),
)
def test_order_and_repetition_change_nothing_that_is_asked_for(
    story: list[str], order: Random
) -> None:
    everything = list(enumerate(story))
    order.shuffle(everything)
    seen: list[tuple[int, str]] = []
    tasks: dict[str, dict[str, Any]] = {}
    for each in [*everything, *everything[:2]]:
        seen = sorted({*seen, each})
        tasks = follow(tasks, part_of(story, seen))
    assert open_and_done(tasks) == open_and_done(follow({}, of_story(story)))


def part_of(story: list[str], seen: list[tuple[int, str]]) -> History:
    whole, known = of_story(story), {n for n, _ in seen}
    return history(
        [s for s in whole.sessions if int(s.id[1:]) in known],
        [a for a in whole.attempts if int(a.reference[15:]) in known],
        [e for e in whole.breaks if (e.at - BEGIN).days in known],
    )


def follow(tasks: dict[str, dict[str, Any]], known: History) -> dict[str, dict[str, Any]]:
    asked = {task.task_id(each.cause): each for each in wanted(known)}
    after = {name: as_followed(tasks.get(name), asked.get(name)) for name in {*tasks, *asked}}
    return {name: each for name, each in after.items() if each is not None}


def test_the_tasks_are_valid_and_known_again() -> None:
    for each in wanted(of_story(["missed", "message", "missed", "missed"])):
        written = task.opened(each, "p1", "2026-03-02T10:00:00Z")
        assert task.is_ours(written)
        assert validate(written) == []
        assert not task.is_ours(written | {"id": "another"})
        [ours] = written["identifier"]
        assert not task.is_ours(written | {"identifier": [{"system": ours["system"]}]})


def test_who_is_on_hold_misses_nothing() -> None:
    def at(day: int, status: str) -> State:
        return State(BEGIN + day * DAY, status, day)

    course = Course((at(0, "planned"), at(1, "active"), at(5, "onhold"), at(9, "active")))

    assert [reading.is_in_care(BEGIN + n * DAY, course) for n in (0, 2, 6, 10)] == [
        True,
        True,
        False,
        True,
    ]
    assert list(reading.breaks(course)) == [End(BEGIN + 5 * DAY, "on-hold")]
