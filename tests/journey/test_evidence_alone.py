"""Whatever is written, corrected, repeated and merged in any order, the final evidence counts.

Each story is played in two worlds: once in any order, with all that is corrected on its way, and
once with nothing but what counts in the end. What stands of what was derived is the same.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.journey.evidence import Draft, World, alone, in_any_order, left, play, told
from tests.journey.merging import settled
from tests.journey.planning import until
from tests.services.person import Person

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tests.programs import Programs

SEEDS = [
    range(2),
    *(pytest.param(range(n, n + 4), marks=pytest.mark.long) for n in range(2, 30, 4)),
]
Told = tuple[World, list[Draft]]


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=all_in_one.fhir, timeout=180, trust_env=False) as each:
        until(lambda: each.get("PlanDefinition/iop-adult").is_success)
        yield each


def two_worlds(http: httpx.Client, base: datetime, seed: int) -> tuple[Told, Told]:
    """One story in any order with all its corrections, and only what counts of it."""
    chance = random.Random(seed)
    slots = told(chance)
    return (World(http, base), in_any_order(slots, chance)), (World(http, base), alone(slots))


@pytest.mark.parametrize("seeds", SEEDS, ids=str)
def test_any_order_and_repetition_ends_as_the_final_evidence_alone(
    http: httpx.Client, seeds: range
) -> None:
    somebody = Person(http, in_care=False)
    base = somebody.now()
    stories = {seed: two_worlds(http, base, seed) for seed in seeds}
    play([messy for messy, _ in stories.values()], random.Random(seeds[0]))
    for part in (slice(None, -1), slice(-1, None)):
        play([(world, story[part]) for _, (world, story) in stories.values()], None)
        settled(somebody)

    for seed, ((messy, _), (plain, _)) in stories.items():
        in_any, in_one = Counter(left(messy)), Counter(left(plain))
        assert (seed, in_any - in_one, in_one - in_any) == (seed, Counter(), Counter())
