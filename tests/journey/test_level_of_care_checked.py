"""A level of care is checked over HTTP by code that was written apart, of people and at times."""

from __future__ import annotations

import random
from copy import deepcopy
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.journey.candidate import Candidate, outcome, parameters
from tests.journey.second_checker import ALL, EXCLUSIONS, faults, sealed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.programs import Programs
    from tests.services.person import Resource

# Each person's exclusions, and how likely it is that anything else is true of them, or not known.
PEOPLE: dict[str, tuple[Mapping[str, bool | None], tuple[float, float]]] = {
    "in danger": ({"EXC-24H": True}, (0.5, 0.3)),
    "with all that it takes": (dict.fromkeys(EXCLUSIONS, False), (1.0, 0.0)),
    "without any need": (dict.fromkeys(EXCLUSIONS, False), (0.0, 0.0)),
    "with some of it": (dict.fromkeys(EXCLUSIONS, False), (0.5, 0.0)),
    "hardly known": (dict.fromkeys(EXCLUSIONS, False), (0.0, 0.6)),
    "known but for the danger": ({"EXC-IMMINENT": None, "EXC-DETOX": False}, (0.7, 0.1)),
    "not known at all": ({}, (0.0, 1.0)),
}


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=all_in_one.fhir, timeout=180, trust_env=False) as each:
        yield each


def judged(http: httpx.Client, who: str) -> tuple[Candidate, dict[str, Resource]]:
    """A person of whom a clinician has said so much."""
    exclusions, (likely, unknown) = PEOPLE[who]
    chance = random.Random(who)
    values: dict[str, bool | None] = {}
    for name in sorted(ALL):
        is_known = chance.random() >= unknown
        values[name.replace("-", "_")] = chance.random() < likely if is_known else None
    values |= {name.replace("-", "_"): value for name, value in exclusions.items()}
    person = Candidate(http)
    return person, person.judge_all(**values)


def replayed(person: Candidate, at: str) -> Resource:
    answer = person.ask(f"Patient/{person.id}/$level-of-care", {"at": {"valueDateTime": at}})
    assert answer.status_code == 200, answer.text
    told: Resource = answer.json()
    return told


@pytest.mark.parametrize("who", PEOPLE)
def test_each_decision_follows_from_the_record_now_and_then(http: httpx.Client, who: str) -> None:
    person, said = judged(http, who)
    first = person.level_of_care()
    assert faults(http, first) == []

    person.pass_time(timedelta(minutes=5))
    is_safe = said["EXC-24H"].get("valueBoolean") is False
    person.put(
        {name: value for name, value in said["EXC-24H"].items() if name != "dataAbsentReason"}
        | {"valueBoolean": is_safe}
    )
    second = person.level_of_care()
    assert faults(http, second) == []
    assert outcome(second) == "higher" or not is_safe
    assert parameters(second, "hash") != parameters(first, "hash")

    for given in (first, second):
        again = replayed(person, given["occurrenceDateTime"])
        assert faults(http, again) == []
        assert parameters(again, "hash") == parameters(given, "hash")


def test_the_people_show_every_outcome(http: httpx.Client) -> None:
    told = {outcome(judged(http, who)[0].level_of_care()) for who in PEOPLE}

    assert told == {
        "higher",
        "lower",
        "recommend-iop",
        "recommend-iop-with-conditions",
        "insufficient-information",
    }


def criterion(told: Resource, name: str) -> list[Resource]:
    """The parts of a criterion in a decision's trace."""
    [found] = [
        each["part"]
        for each in told["contained"][0]["parameter"]
        if each["name"] == "criterion" and each["part"][0]["valueCode"] == name
    ]
    parts: list[Resource] = found
    return parts


def flipped(told: Resource) -> None:
    [value] = [each for each in criterion(told, "CAP-GROUP") if each["name"] == "value"]
    value["valueCode"] = "false" if value["valueCode"] == "true" else "true"


def flipped_and_sealed(told: Resource) -> None:
    flipped(told)
    part = criterion(told, "CAP-GROUP")
    part[:] = sealed(part)
    trace = told["contained"][0]
    trace["parameter"] = sealed(trace["parameter"])


def decided_otherwise(told: Resource) -> None:
    trace = told["contained"][0]
    [found] = [each for each in trace["parameter"] if each["name"] == "outcome"]
    found["valueCode"] = "lower"
    trace["parameter"] = sealed(trace["parameter"])


def cites_another(told: Resource) -> None:
    """Let a criterion rest on what was said of another one."""
    here, there = (criterion(told, each) for each in ("CAP-GROUP", "EXC-24H"))
    [one], [other] = ([e for e in part if e["name"] == "evidence"] for part in (here, there))
    one["valueReference"] = other["valueReference"]
    here[:] = sealed(here)
    trace = told["contained"][0]
    trace["parameter"] = sealed(trace["parameter"])


def left_out(told: Resource) -> None:
    trace = told["contained"][0]
    part = criterion(told, "EXC-DETOX")
    trace["parameter"] = sealed([e for e in trace["parameter"] if e.get("part") is not part])


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (flipped, {"hash", "hash of a criterion", "outcome", "evidence"}),
        (flipped_and_sealed, {"outcome", "evidence"}),
        (decided_otherwise, {"outcome"}),
        (cites_another, {"evidence"}),
        (left_out, {"criteria"}),
    ],
)
def test_a_decision_that_was_changed_is_found_out(
    http: httpx.Client, change: Callable[[Resource], None], found: set[str]
) -> None:
    person, _ = judged(http, "with all that it takes")
    told = person.level_of_care()
    assert faults(http, told) == []

    forged = deepcopy(told)
    change(forged)

    assert set(faults(http, forged)) == found
