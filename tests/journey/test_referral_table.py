"""Every state of a referral by every trigger, or update, by every party: only the table's steps."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.referral.machine import STATES, TRANSITIONS, TRIGGERS, State
from tests.journey.referring import (
    OTHER,
    PROGRAMME,
    REFERRER,
    Resource,
    a_referral,
    in_a_bundle,
    parameters,
    places,
    put,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs

PARTIES = {REFERRER: "initiator", PROGRAMME: "recipient", OTHER: None}
TAKEN = {(each.before, each.trigger, each.actor) for each in TRANSITIONS}
REACHED = {(each.before, each.after, each.actor) for each in TRANSITIONS}
ORDERED = sorted(STATES, key=str)


@dataclass(frozen=True, slots=True)
class Case:
    """A step that somebody tries: by a trigger, or by an update that claims another state."""

    before: State
    by: str | State
    actor: str

    @property
    def is_allowed(self) -> bool:
        steps = TAKEN if isinstance(self.by, str) else REACHED
        return (self.before, self.by, PARTIES[self.actor]) in steps

    def entry(self, task_id: str) -> Resource:
        if isinstance(self.by, State):
            return put(a_referral(self.by, task_id))
        request = {"method": "POST", "url": f"Task/{task_id}/$transition"}
        return {"request": request, "resource": parameters(self.by)}


TRIGGERED = [Case(*each) for each in product(ORDERED, TRIGGERS, PARTIES)]
# What changes neither of the two is a note and no step.
UPDATED = [Case(*each) for each in product(ORDERED, ORDERED, PARTIES) if each[0] != each[1]]


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=all_in_one.fhir, timeout=180, trust_env=False) as each:
        places(each)
        yield each


def tried(http: httpx.Client, cases: list[Case]) -> None:
    """Try each case on a Task of its own."""
    tasks = {f"t-{random.getrandbits(64):x}": each for each in cases}
    entries = [put(a_referral(each.before, name)) for name, each in tasks.items()]
    in_a_bundle(http, entries, PROGRAMME, "transaction")
    by_actor: dict[str, list[str]] = defaultdict(list)
    for name, case in tasks.items():
        by_actor[case.actor].append(name)
    for actor, names in by_actor.items():
        answers = in_a_bundle(http, [tasks[name].entry(name) for name in names], actor)
        for name, answer in zip(names, answers, strict=True):
            expected = "200" if tasks[name].is_allowed else "409"
            assert answer["status"].startswith(expected), tasks[name]
            assert tasks[name].is_allowed or "From " in str(answer["outcome"])


def a_tenth(cases: list[Case]) -> list[Case]:
    return random.Random(7).sample(cases, len(cases) // 10)


@pytest.mark.parametrize("cases", [TRIGGERED, UPDATED], ids=["triggers", "updates"])
def test_a_tenth_of_all_is_allowed_as_the_table_says(http: httpx.Client, cases: list[Case]) -> None:
    tried(http, a_tenth(cases))


def test_the_steps_of_the_table_are_taken(http: httpx.Client) -> None:
    steps = [each for each in TRIGGERED if each.is_allowed]

    assert len(steps) == len(TRANSITIONS) == 36
    tried(http, steps)


# Written by hand, as SDOH Clinical Care has it: who may bring a Task from where to where.
INITIATOR, RECIPIENT = frozenset({"initiator"}), frozenset({"recipient"})
EITHER = INITIATOR | RECIPIENT
PLAIN: dict[str, dict[str, frozenset[str]]] = {
    "draft": {"requested": INITIATOR},
    "requested": {"accepted": RECIPIENT, "rejected": RECIPIENT, "cancelled": EITHER},
    "accepted": {
        **dict.fromkeys(("in-progress", "on-hold", "completed", "failed"), RECIPIENT),
        "cancelled": EITHER,
    },
    "in-progress": {
        **dict.fromkeys(("on-hold", "completed", "failed"), RECIPIENT),
        "cancelled": EITHER,
    },
    "on-hold": {
        **dict.fromkeys(("in-progress", "completed", "failed"), RECIPIENT),
        "cancelled": EITHER,
    },
    "rejected": {},
    "cancelled": {},
    "completed": {},
    "failed": {},
}


def may(before: str, after: str, actor: str) -> bool:
    # Who asked by mistake may say so at any time.
    asked = INITIATOR if after == "entered-in-error" else PLAIN[before].get(after, frozenset())
    return PARTIES[actor] in asked


@pytest.mark.parametrize("actor", PARTIES)
def test_every_plain_step_by_everybody_is_allowed_as_the_guide_says(
    http: httpx.Client, actor: str
) -> None:
    steps = [e for e in product(PLAIN, [*PLAIN, "entered-in-error"]) if e[0] != e[1]]
    tasks = {f"t-{random.getrandbits(64):x}": each for each in steps}
    entries = [put(a_referral(State(step[0], None), name)) for name, step in tasks.items()]
    in_a_bundle(http, entries, REFERRER, "transaction")
    wanted = [put(a_referral(State(step[1], None), name)) for name, step in tasks.items()]
    answers = in_a_bundle(http, wanted, actor)

    for (before, after), answer in zip(tasks.values(), answers, strict=True):
        expected = "200" if may(before, after, actor) else "409"
        assert answer["status"].startswith(expected), (before, after, answer)
        assert expected == "200" or f"From {before} it can only" in str(answer["outcome"])


@pytest.mark.long
@pytest.mark.parametrize("cases", [TRIGGERED, UPDATED], ids=["triggers", "updates"])
def test_all_is_allowed_as_the_table_says(http: httpx.Client, cases: list[Case]) -> None:
    tried(http, cases)
