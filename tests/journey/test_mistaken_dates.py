"""Dates that nobody means, such as the last day of the calendar: what else is told is followed."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.canonical import code_system
from tests.journey.planning import Planned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs
    from tests.services.person import Resource

ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
CLOCK = f"{code_system('clock')}|follow-up-7d"


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=all_in_one.fhir, timeout=180, trust_env=False) as each:
        yield each


@pytest.fixture
def person(http: httpx.Client) -> Planned:
    return Planned(http)


def stay(person: Planned, end: str) -> Resource:
    return person.put(
        {
            "resourceType": "Encounter",
            "id": f"s-{uuid.uuid4()}",
            "status": "finished",
            "class": {"system": ACT_CODE, "code": "IMP"},
            "subject": person.reference,
            "period": {"start": "2026-01-05", "end": end},
        }
    )


@pytest.mark.parametrize("end", ["9999-12-31", "9999-12-31T23:59:59-05:00", "9999"])
def test_a_stay_without_a_real_end_starts_no_clock_and_holds_up_nothing(
    person: Planned, end: str
) -> None:
    stay(person, end)
    person.pass_time()
    [plan] = person.all("CarePlan")
    assert plan["status"] == "draft"
    assert person.found("Task", patient=person.id, code=CLOCK) == []
    assert person.all("Appointment") == []

    ended = stay(person, person.now().date().isoformat())
    person.pass_time()
    [clock] = person.found("Task", patient=person.id, code=CLOCK)
    assert clock["focus"] == {"reference": f"Encounter/{ended['id']}"}
    assert len(person.all("Appointment")) == 1


@pytest.mark.parametrize(
    "mistaken",
    [
        ("0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00"),
        ("0001-01-01T00:00:00Z", "0001-01-01T01:00:00Z"),
        ("2020-01-01T00:00:00Z", "2025-01-01T01:00:00Z"),
    ],
)
def test_a_session_that_nobody_means_is_not_counted_and_holds_up_nothing(
    person: Planned, mistaken: tuple[str, str]
) -> None:
    began = person.now() - timedelta(days=1)
    meant = (began.isoformat(), (began + timedelta(hours=1)).isoformat())
    for start, end in (mistaken, meant):
        person.put(
            {
                "resourceType": "Appointment",
                "id": f"a-{uuid.uuid4()}",
                "status": "noshow",
                "start": start,
                "end": end,
                "participant": [{"actor": person.reference, "status": "accepted"}],
            }
        )
    person.pass_time()

    [counted] = person.all("Observation", code="missed-sessions")
    assert counted["valueInteger"] == 1
