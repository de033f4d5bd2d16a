"""What turns out to be somebody else's, or comes late, leaves nothing with whom it was about."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.canonical import code_system
from tests.journey.hospital import Hospital
from tests.journey.merging import merged, parted, settled, sources, versioned
from tests.journey.participant import Participant
from tests.journey.planning import PROGRAMME

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
def two(http: httpx.Client) -> Iterator[tuple[Participant, Participant]]:
    both = Participant(http), Participant(http)
    yield both
    for each in both:
        each.leaves()


def asked(person: Participant, code: str) -> list[str]:
    tasks = person.found("Task", code=f"{code_system('task')}|{code}")
    return sorted(each["status"] for each in tasks)


def authorised(person: Participant) -> Resource:
    today = person.now().date()
    return {
        "resourceType": "ClaimResponse",
        "id": f"authorised-{person.id}",
        "status": "active",
        "type": {"text": "institutional"},
        "use": "preauthorization",
        "patient": person.reference,
        "created": today.isoformat(),
        "insurer": {"display": "A payer"},
        "outcome": "complete",
        "preAuthPeriod": {"start": today.isoformat(), "end": (today + 2 * DAY).isoformat()},
    }


def test_an_authorisation_is_asked_for_whose_it_is(two: tuple[Participant, Participant]) -> None:
    first, second = two
    claim = first.put(authorised(first))
    settled(first)
    assert (asked(first, "authorisation"), asked(second, "authorisation")) == (["requested"], [])

    first.put(claim | {"patient": second.reference})
    settled(first)
    assert (asked(first, "authorisation"), asked(second, "authorisation")) == ([], ["requested"])

    merged(second, first)
    settled(first)
    assert asked(first, "authorisation") == ["requested"]
    parted(second)
    settled(first)
    assert (asked(first, "authorisation"), asked(second, "authorisation")) == ([], ["requested"])

    second.put(claim | {"patient": second.reference, "status": "entered-in-error"})
    settled(first)
    assert asked(second, "authorisation") == ["cancelled"]


def test_a_signal_names_its_evidence_whatever_led_to_it(
    two: tuple[Participant, Participant],
) -> None:
    person, other = two
    at = (person.now() - DAY).isoformat()
    used = person.put(
        {
            "resourceType": "Observation",
            "id": f"o-{uuid.uuid4()}",
            "status": "final",
            "code": {"coding": [{"system": MEASURE, "code": "bam-iop-use"}]},
            "subject": person.reference,
            "effectiveDateTime": at,
            "valueQuantity": {"value": 2},
        }
    )
    settled(person)
    signal, risk = signals(person)[0], person.found("RiskAssessment")[0]
    assert sources(person, signal) == sources(person, risk) == {versioned(used)}

    moved = person.put(used | {"subject": other.reference})
    settled(person)
    assert signals(person) == []
    [again] = signals(other)
    assert sources(other, again) == {versioned(moved)}
    assert versioned(moved) in sources(person, signal)


def signals(person: Participant) -> list[Resource]:
    return person.found("Observation", code=f"{MEASURE}|review-signal", status="final")


def test_a_correction_opens_no_referral_that_was_not_opened_then(http: httpx.Client) -> None:
    hospital = Hospital(http)
    hospital.send(hospital.notice("admit"))
    episode = {
        "resourceType": "EpisodeOfCare",
        "id": f"e-{hospital.person}",
        "status": "active",
        "type": [PROGRAMME],
        "patient": {"reference": hospital.patient},
    }
    written = hospital.put(episode)
    hospital.send(hospital.discharged())
    assert hospital.of_person("ServiceRequest") == []

    hospital.put(written | {"status": "finished"})
    corrected = hospital.discharged(1)
    corrected["entry"][0]["resource"]["id"] = f"again-{hospital.person}"
    hospital.send(corrected)
    hospital.pass_time()
    assert hospital.of_person("ServiceRequest") == hospital.tasks("referral") == []
    assert [each["status"] for each in hospital.of_person("EpisodeOfCare")] == ["finished"]
