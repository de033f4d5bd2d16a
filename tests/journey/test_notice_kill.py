"""intake is killed while notices come in: each is kept whole or not at all, and then once."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.journey.hospital import Hospital

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.notices import Resource
    from tests.programs import Programs

ROUNDS = 2
# What a sender may be told; anything else would be a fault of ours, such as a 500.
TOLD = {200, 503, 504}
OPENED = {"ServiceRequest": 1, "Task": 3, "EpisodeOfCare": 1, "Encounter": 1, "Condition": 1}


@pytest.fixture(scope="module")
def http(stack: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.fhir, timeout=180, trust_env=False) as each:
        yield each


def sent(hospital: Hospital, message: Resource) -> bool:
    """Send a message while the service may go down; tell whether it was acknowledged."""
    with suppress(httpx.TransportError):
        answer = hospital.http.post("$process-message", json=message)
        assert answer.status_code in TOLD, answer.text
        return answer.status_code == 200
    return False


def kept(hospital: Hospital) -> dict[str, int]:
    """How much there is of a person; nothing where the notice was not kept."""
    if not hospital.patients():
        return {}
    return {name: len(hospital.of_person(name)) for name in OPENED}


def test_a_notice_is_kept_whole_or_not_at_all_whenever_intake_is_killed(
    stack: Programs, http: httpx.Client
) -> None:
    for _ in range(ROUNDS):
        hospitals = [Hospital(http) for _ in range(24)]
        messages = [each.discharged() for each in hospitals]
        with ThreadPoolExecutor(8) as pool:
            running = [pool.submit(sent, *each) for each in zip(hospitals, messages, strict=True)]
            time.sleep(random.uniform(0.05, 0.6))
            stack.kill("intake")
            acknowledged = [each.result() for each in running]
        stack.start("intake")

        states = [kept(each) for each in hospitals]
        assert all(state in ({}, OPENED) for state in states)
        for was_acknowledged, state in zip(acknowledged, states, strict=True):
            assert state == OPENED or not was_acknowledged
        for hospital, message in zip(hospitals, messages, strict=True):
            hospital.send(message)
            hospital.send(message)
        assert [kept(each) for each in hospitals] == [OPENED] * len(hospitals)


def test_what_follows_from_a_visit_comes_about_although_intake_was_killed(
    stack: Programs, http: httpx.Client
) -> None:
    hospitals = [Hospital(http) for _ in range(6)]
    for hospital in hospitals:
        hospital.send(hospital.discharged())
        hospital.visit(hospital.now() + timedelta(days=2))
    stack.kill("intake")
    stack.start("intake")
    hospitals[0].pass_time()

    for hospital in hospitals:
        clocks = [*hospital.tasks("follow-up-7d"), *hospital.tasks("follow-up-30d")]
        assert [each["status"] for each in clocks] == ["completed", "completed"]
        assert {each["meta"]["versionId"] for each in clocks} == {"2"}
