"""Notices come again and again, at once, in any order, while services are killed: as if once."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.journey.hospital import KEPT, Hospital, everything, versions
from tests.programs import SERVICES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.notices import Resource
    from tests.programs import Programs

NAMES = ("admit", "transfer", "discharge")
FOLLOWS = ("CarePlan", "CareTeam", "Appointment", "Communication")
# What a sender may be told while services go down and come back.
TOLD = {200, 503, 504}
CLIENTS = 4
REPLAYS = [24, pytest.param(100, marks=pytest.mark.long)]


@pytest.fixture(scope="module")
def http(stack: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.fhir, timeout=180, trust_env=False) as each:
        yield each


def deliver(base: str, message: Resource) -> None:
    """Send a message as often as it takes, by a client of its own."""
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            url = f"{base}/$process-message"
            answer = httpx.post(url, json=message, timeout=60, trust_env=False)
            assert answer.status_code in TOLD, answer.text
            if answer.status_code == httpx.codes.OK:
                return
        time.sleep(0.05)
    raise AssertionError("a notice was never taken")


def amid_kills(stack: Programs, messages: Sequence[Resource], chance: random.Random) -> None:
    """Deliver messages at once, at both doors, while each service is killed in turn."""
    bases = (stack.fhir, stack.intake)
    killed = chance.sample(SERVICES, k=len(SERVICES))
    parts = [messages[n :: len(killed)] for n in range(len(killed))]
    with ThreadPoolExecutor(CLIENTS) as pool:
        for name, part in zip(killed, parts, strict=True):
            running = [pool.submit(deliver, chance.choice(bases), each) for each in part]
            time.sleep(chance.uniform(0.05, 0.4))
            stack.kill(name)
            stack.start(name)
            for each in running:
                each.result()


def state(hospital: Hospital) -> dict[str, list[str]]:
    """What there is of a person, and how each stands."""
    types = ("Encounter", "EpisodeOfCare", "ServiceRequest", "Task", "CarePlan", "Appointment")
    return {
        each: sorted(
            f"{found['status']} {found.get('code', {}).get('text')}"
            for found in hospital.of_person(each)
        )
        for each in types
    }


@pytest.mark.parametrize("replays", REPLAYS)
def test_replays_at_once_amid_kills_of_every_service_change_nothing(
    stack: Programs, http: httpx.Client, replays: int
) -> None:
    chance = random.Random(replays)
    calm, hospital = Hospital(http), Hospital(http)
    for name in NAMES:
        calm.send(calm.notice(name))
    messages = [hospital.notice(name) for name in NAMES]
    amid_kills(stack, chance.choices(messages, k=replays // 4) + messages, chance)
    hospital.pass_time()
    assert state(hospital) == state(calm)

    types = (*KEPT, *FOLLOWS)
    before, stand = everything(hospital, types), versions(hospital)
    amid_kills(stack, chance.choices(messages, k=replays), chance)
    hospital.pass_time()

    assert everything(hospital, types) == before
    assert versions(hospital) == stand
