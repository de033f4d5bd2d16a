"""A step-down is whole: all that a discharge opens at once, and what is prepared after it, once."""

from __future__ import annotations

import json
import random
from datetime import date, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.journey.hospital import KEPT, Hospital, everything, versions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.notices import Resource
    from tests.programs import Programs

PREPARED = ("CarePlan", "CareTeam", "Appointment")
NAMES = ("admit", "transfer", "discharge")


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=all_in_one.fhir, timeout=180, trust_env=False) as each:
        yield each


@pytest.fixture
def hospital(http: httpx.Client) -> Hospital:
    return Hospital(http)


def one(hospital: Hospital, resource_type: str) -> Resource:
    [found] = hospital.of_person(resource_type)
    return found


def test_a_discharge_opens_everything_and_a_draft_a_team_and_a_visit_follow_once(
    hospital: Hospital,
) -> None:
    message = hospital.discharged()
    hospital.send(message)
    hospital.send(message)
    hospital.pass_time()

    stay, request = hospital.stay(), one(hospital, "ServiceRequest")
    [task] = hospital.tasks("referral")
    assert (stay["class"]["code"], stay["status"]) == ("IMP", "finished")
    assert one(hospital, "EpisodeOfCare")["status"] == "planned"
    assert request["encounter"] == {"reference": f"Encounter/{stay['id']}"}
    period = task["restriction"]["period"]
    assert days(period) == timedelta(days=7)
    said = hospital.found("Provenance", target=f"Task/{task['id']}")
    agents = [each["agent"][0]["who"]["identifier"]["value"] for each in said]
    assert agents == ["inpatient-notice|1.0"]

    plan, team, visit = (one(hospital, each) for each in PREPARED)
    assert (plan["status"], team["status"], visit["status"]) == ("draft", "proposed", "proposed")
    assert plan["careTeam"] == [{"reference": f"CareTeam/{team['id']}"}]
    assert {"reference": f"CarePlan/{plan['id']}"} in visit["supportingInformation"]
    [asked] = visit["requestedPeriod"]
    last = date.fromisoformat(asked["end"][:10])
    assert last == date.fromisoformat(period["end"])
    assert "start" not in visit


def days(period: Resource) -> timedelta:
    return date.fromisoformat(period["end"]) - date.fromisoformat(period["start"])


def test_the_real_messages_a_hundred_times_by_chance_end_in_the_same_resources(
    hospital: Hospital, shared_data: Path
) -> None:
    folder = shared_data / "davinci-alerts"
    real = {
        name: json.loads((folder / f"{name}-notification-message-bundle-01.json").read_text())
        for name in NAMES
    }
    chance = random.Random(7)
    first = [*NAMES]
    chance.shuffle(first)
    answers = {name: hospital.send(real[name]) for name in first}
    hospital.pass_time()
    types = (*KEPT, *PREPARED)
    before, stand = everything(hospital, types), versions(hospital)

    for name in chance.choices(NAMES, k=100):
        assert hospital.send(real[name]) == answers[name]
    hospital.pass_time()

    assert everything(hospital, types) == before
    assert versions(hospital) == stand
