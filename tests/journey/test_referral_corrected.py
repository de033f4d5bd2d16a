"""A referral was a mistake, or somebody else's: the episode that waits because of it follows."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.episode import PROGRAMME
from tests.journey.hospital import Hospital
from tests.journey.test_follow_up import episodes, referral, someone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.notices import Resource
    from tests.programs import Programs


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=all_in_one.fhir, timeout=180, trust_env=False) as each:
        yield each


@pytest.fixture
def hospital(http: httpx.Client) -> Hospital:
    return Hospital(http)


def test_who_waits_by_a_referral_that_was_a_mistake_waits_no_more_until_it_stands_again(
    hospital: Hospital,
) -> None:
    person = someone(hospital)
    request, _ = referral(hospital, person)
    hospital.pass_time()
    [planned] = episodes(hospital, person)
    for status, expected in (("entered-in-error", "entered-in-error"), ("active", "planned")):
        written = hospital.put(request | {"status": status})
        hospital.pass_time()
        [found] = episodes(hospital, person)
        assert found["status"] == expected
        assert f"ServiceRequest/{request['id']}/_history/{written['meta']['versionId']}" in str(
            hospital.found("Provenance", target=f"EpisodeOfCare/{planned['id']}")
        )
    assert found["statusHistory"] == planned["statusHistory"]


def test_who_waits_by_a_referral_of_somebody_else_is_the_other_one(hospital: Hospital) -> None:
    person, other = someone(hospital), someone(hospital)
    request, task = referral(hospital, person)
    hospital.pass_time()
    hospital.put(task | {"for": {"reference": other}})
    hospital.put(request | {"subject": {"reference": other}})
    hospital.pass_time()

    assert episodes(hospital, person) == []
    assert [each["status"] for each in episodes(hospital, other)] == ["planned"]


def test_an_episode_that_others_have_planned_is_theirs_to_take_back(hospital: Hospital) -> None:
    person = someone(hospital)
    request, _ = referral(hospital, person, status="draft")
    own: Resource = {"resourceType": "EpisodeOfCare", "id": f"e-{uuid.uuid4()}"}
    own["status"] = "planned"
    own |= {"patient": {"reference": person}, "type": [{"coding": [PROGRAMME]}]}
    hospital.put(own | {"referralRequest": [{"reference": f"ServiceRequest/{request['id']}"}]})
    hospital.put(request | {"status": "entered-in-error"})
    hospital.pass_time()

    assert [each["status"] for each in episodes(hospital, person)] == ["planned"]
