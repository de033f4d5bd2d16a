"""Clocks over HTTP: opened, satisfied, called off, paused by a readmission, ended by a death."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.journey.hospital import Hospital

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.notices import Resource
    from tests.programs import Programs


@pytest.fixture(scope="module")
def http(stack: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.fhir, timeout=30, trust_env=False) as each:
        yield each


@pytest.fixture
def hospital(http: httpx.Client) -> Hospital:
    return Hospital(http)


@pytest.fixture
def discharged(hospital: Hospital) -> Hospital:
    """A person who was discharged today, with running clocks."""
    hospital.send(hospital.discharged())
    return hospital


def clock(hospital: Hospital, code: str = "follow-up-7d") -> Resource:
    [found] = hospital.tasks(code)
    return found


def test_a_visit_told_late_completes_an_overdue_clock_and_calls_off_its_escalation(
    discharged: Hospital,
) -> None:
    day = discharged.now() + timedelta(days=2)
    discharged.pass_time(timedelta(days=10))
    assert clock(discharged)["businessStatus"]["text"] == "overdue"

    visit = discharged.visit(day)
    discharged.pass_time()

    done = clock(discharged)
    assert done["status"] == "completed"
    assert "businessStatus" not in done
    [escalation] = [task for task in discharged.of_person("Task") if "partOf" in task]
    assert escalation["status"] == "cancelled"
    assert f"Encounter/{visit['id']}" in escalation["statusReason"]["text"]

    discharged.put(visit | {"status": "entered-in-error"})
    discharged.pass_time()

    again = clock(discharged)
    assert (again["status"], again["businessStatus"]["text"]) == ("requested", "overdue")
    [escalation] = [task for task in discharged.of_person("Task") if "partOf" in task]
    assert escalation["status"] == "requested"
