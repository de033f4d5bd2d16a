"""What stands although its ground is gone: people are asked to look at it, as long as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.canonical import code_system
from tests.journey.hospital import Hospital
from tests.journey.merging import merged, parted, settled, sources, versioned
from tests.journey.planning import Planned, until
from tests.services.person import Person

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs
    from tests.services.person import Resource

REVIEW = f"{code_system('task')}|correction-review"


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=all_in_one.fhir, timeout=180, trust_env=False) as each:
        until(lambda: each.get("PlanDefinition/iop-adult").is_success)
        yield each


@pytest.fixture
def hospital(http: httpx.Client) -> Hospital:
    """A hospital that has told of a discharge."""
    hospital = Hospital(http)
    hospital.send(hospital.discharged())
    hospital.pass_time()
    return hospital


def reviews(hospital: Hospital) -> list[tuple[str, str]]:
    found = hospital.found("Task", patient=hospital.patient, code=REVIEW)
    return [(each["focus"]["reference"], each["status"]) for each in found]


def test_a_referral_is_looked_at_whose_stay_was_a_mistake_until_it_stands_again(
    hospital: Hospital,
) -> None:
    [referral] = hospital.of_person("ServiceRequest")
    about, stay = f"ServiceRequest/{referral['id']}", hospital.stay()
    hospital.put(stay | {"language": "en"})
    hospital.pass_time()
    assert reviews(hospital) == []

    for status, expected in (
        ("entered-in-error", "requested"),
        ("finished", "cancelled"),
        ("cancelled", "requested"),
    ):
        hospital.put(stay | {"status": status})
        hospital.pass_time()
        assert reviews(hospital) == [(about, expected)]
    hospital.put(referral | {"status": "entered-in-error"})
    hospital.pass_time()
    assert reviews(hospital) == [(about, "cancelled")]


def test_a_referral_is_looked_at_whose_stay_was_somebody_elses_unless_they_are_one_person(
    hospital: Hospital, http: httpx.Client
) -> None:
    other = Person(http, in_care=False)
    [referral] = hospital.of_person("ServiceRequest")
    about = f"ServiceRequest/{referral['id']}"
    hospital.put(hospital.stay() | {"subject": other.reference})
    hospital.pass_time()
    assert reviews(hospital) == [(about, "requested")]

    link = [{"other": {"reference": hospital.patient}, "type": "replaced-by"}]
    for changes, expected in (({"link": link}, "cancelled"), ({}, "requested")):
        other.put({"resourceType": "Patient", "id": other.id, **changes})
        hospital.pass_time()
        assert reviews(hospital) == [(about, expected)]


def asked(person: Person, plan: Resource) -> list[Resource]:
    return person.found("Task", code=REVIEW, focus=f"CarePlan/{plan['id']}")


def test_a_plan_is_looked_at_whose_person_was_in_the_programme_as_somebody_else_only(
    http: httpx.Client,
) -> None:
    survivor, old = Planned(http), Planned(http, "planned")
    # In the care of somebody, and waiting for the programme.
    other = {"resourceType": "EpisodeOfCare", "id": f"other-{old.id}", "status": "active"}
    old.put(other | {"patient": old.reference})
    plan = old.activate(old.apply(practitioner=old.clinician))
    merged(old, survivor)
    settled(old)
    assert asked(old, plan) == []

    undone = parted(old)
    settled(old)
    [task] = asked(old, plan)
    assert {each["status"] for each in old.all("ServiceRequest")} == {"active"}
    assert (task["status"], task["for"]) == ("requested", old.reference)
    assert versioned(undone) in sources(old, task)

    merged(old, survivor)
    settled(old)
    assert [each["status"] for each in asked(old, plan)] == ["cancelled"]


def test_a_plan_stands_of_whoever_is_in_the_programme_by_themselves(http: httpx.Client) -> None:
    survivor, old = Planned(http), Planned(http)
    plan = old.activate(old.apply(practitioner=old.clinician))
    merged(old, survivor)
    settled(old)
    parted(old)
    settled(old)
    assert asked(old, plan) == []
