"""Signals are stated and risks weighed, each with its evidence, and taken back with it."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.canonical import code_system
from tests.journey.participant import Participant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs
    from tests.services.person import Resource

DAY = timedelta(days=1)
MEASURE = code_system("measure")


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    headers = {"X-Stepdown-Actor": "Practitioner/tester"}
    url = all_in_one.fhir
    with httpx.Client(base_url=url, headers=headers, timeout=180, trust_env=False) as each:
        yield each


@pytest.fixture
def person(http: httpx.Client) -> Iterator[Participant]:
    person = Participant(http)
    yield person
    person.leaves()


@pytest.fixture
def yesterday(person: Participant) -> datetime:
    return (person.now() - DAY).replace(hour=10, minute=0, second=0, microsecond=0)


def states(person: Participant, code: str, at: datetime, **value: object) -> Resource:
    return person.put(
        {
            "resourceType": "Observation",
            "id": f"o-{uuid.uuid4()}",
            "status": "final",
            "code": {"coding": [{"system": MEASURE, "code": code}]},
            "subject": person.reference,
            "effectiveDateTime": at.isoformat(),
            **value,
        }
    )


def signals(person: Participant) -> dict[str, Resource]:
    found = person.found("Observation", code=f"{MEASURE}|review-signal", status="final")
    return {each["valueCodeableConcept"]["coding"][0]["code"]: each for each in found}


def levels(person: Participant) -> dict[str, str]:
    return {
        each["code"]["coding"][0]["code"]: prediction["qualitativeRisk"]["coding"][0]["code"]
        for each in person.found("RiskAssessment")
        if each["status"] != "entered-in-error"
        for prediction in each["prediction"]
    }


def test_use_is_a_signal_and_a_high_risk_until_it_is_taken_back(
    person: Participant, yesterday: datetime
) -> None:
    used = states(person, "bam-iop-use", yesterday, valueQuantity={"value": 2})
    person.pass_time()
    cited = [{"reference": f"Observation/{used['id']}"}]
    assert signals(person)["relapse-signal"]["derivedFrom"] == cited
    assert levels(person) == {"relapse": "high"}
    [risk] = person.found("RiskAssessment")
    assert risk["basis"] == cited
    assert "probabilityDecimal" not in risk["prediction"][0]

    person.put(used | {"status": "entered-in-error"})
    person.pass_time()
    assert (signals(person), levels(person)) == ({}, {})


def test_no_use_and_little_craving_are_no_signal(person: Participant, yesterday: datetime) -> None:
    states(person, "bam-iop-use", yesterday, valueQuantity={"value": 0})
    states(person, "bam-8", yesterday, valueInteger=1)
    person.pass_time()

    assert (signals(person), levels(person)) == ({}, {})


def test_two_no_shows_are_a_signal_that_cites_their_weeks(
    person: Participant, yesterday: datetime
) -> None:
    missed = [person.session(yesterday - n * DAY, status="noshow") for n in (0, 1)]
    person.pass_time()

    signal = signals(person)["no-shows"]
    assert {each["reference"] for each in signal["focus"]} == {
        f"Appointment/{each['id']}" for each in missed
    }
    assert all(each["reference"].startswith("Observation/") for each in signal["derivedFrom"])
    assert levels(person) == {"relapse": "moderate", "drop-out": "moderate"}

    person.session(yesterday - 2 * DAY, status="noshow")
    person.pass_time()
    assert levels(person)["drop-out"] == "high"


def test_one_missed_session_is_no_risk_and_a_low_risk_says_what_it_rests_on(
    person: Participant, yesterday: datetime
) -> None:
    first = person.session(yesterday - 20 * DAY, status="noshow")
    person.session(yesterday, status="fulfilled")
    person.pass_time()
    assert levels(person) == {}
    assert person.found("RiskAssessment") == []

    second = person.session(yesterday - 19 * DAY, status="noshow")
    person.pass_time()
    assert levels(person) == {"relapse": "low", "drop-out": "low"}
    missed = {f"Appointment/{each['id']}" for each in (first, second)}
    for each in person.found("RiskAssessment"):
        assert {cited["reference"] for cited in each["basis"]} == missed
        assert each["prediction"][0]["rationale"] == "No sign of late."
        [said] = person.told_of(each)
        sources = {e["what"]["reference"].partition("/_history")[0] for e in said["entity"]}
        assert sources == missed


def test_no_response_is_told_only_from_the_review_point_on(
    person: Participant, yesterday: datetime
) -> None:
    unchanged = {"coding": [{"system": code_system("change"), "code": "no-reliable-change"}]}
    baseline = states(person, "bam-iop-use", yesterday - 28 * DAY, valueQuantity={"value": 0})
    derived = [{"reference": f"Observation/{baseline['id']}"}]
    more = {"valueCodeableConcept": unchanged, "derivedFrom": derived}
    states(person, "phq-9-change", yesterday - DAY, **more)
    person.pass_time()
    assert signals(person) == {}

    states(person, "phq-9-change", yesterday, **more)
    person.pass_time()
    assert list(signals(person)) == ["no-response"]


def test_two_weeks_on_end_with_too_few_hours_are_a_signal(
    person: Participant, yesterday: datetime
) -> None:
    monday = yesterday - timedelta(days=yesterday.weekday() + 28)
    person.attends(person.session(monday, 60))
    person.attends(person.session(monday + 14 * DAY, 60))
    person.pass_time()
    assert signals(person) == {}

    person.attends(person.session(monday + 7 * DAY, 60))
    person.pass_time()
    signal = signals(person)["hours-short"]
    assert len(signal["derivedFrom"]) == 2


@pytest.mark.parametrize(("answer", "told"), [("LA6751-7", 1), ("LA9194-7", 0)])
def test_a_moderate_suicide_risk_is_a_signal(person: Participant, answer: str, told: int) -> None:
    person.put(person.risk(answer, effectiveDateTime=person.now().isoformat()))
    person.pass_time()

    assert list(signals(person)).count("suicide-risk") == told
