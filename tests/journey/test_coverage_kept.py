"""What pays for the programme is kept as data: the coverage, and what the payer has authorised."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.journey.hospital import Hospital

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs


@pytest.fixture(scope="module")
def http(stack: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.fhir, timeout=30, trust_env=False) as each:
        yield each


@pytest.fixture
def hospital(http: httpx.Client) -> Hospital:
    return Hospital(http)


def test_a_referral_names_the_coverage_that_came_with_the_notice(hospital: Hospital) -> None:
    until = (hospital.now() + timedelta(days=90)).date().isoformat()
    notice = hospital.discharged()
    for each in (entry["resource"] for entry in notice["entry"]):
        if each["resourceType"] == "Coverage":
            each["period"] = {"end": until}
    hospital.send(notice)

    [coverage] = hospital.of_person("Coverage")
    assert coverage["period"] == {"end": until}
    [referral] = hospital.of_person("ServiceRequest")
    assert referral["insurance"] == [{"reference": f"Coverage/{coverage['id']}"}]


def test_units_and_expiry_of_an_authorisation_are_found_by_person(hospital: Hospital) -> None:
    hospital.send(hospital.discharged())
    [coverage] = hospital.of_person("Coverage")
    first = hospital.now().date()
    period = {"start": first.isoformat(), "end": (first + timedelta(days=60)).isoformat()}
    day_of_programme = {"system": "https://payer.example/services", "code": "iop-day"}
    written = {
        "resourceType": "ClaimResponse",
        "id": f"authorised-{hospital.person}",
        "status": "active",
        "type": {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/claim-type",
                    "code": "institutional",
                }
            ]
        },
        "use": "preauthorization",
        "patient": {"reference": hospital.patient},
        "created": first.isoformat(),
        "insurer": coverage["payor"][0],
        "outcome": "complete",
        "preAuthRef": "PA-2041",
        "preAuthPeriod": period,
        "addItem": [
            {
                "productOrService": {"coding": [day_of_programme]},
                "quantity": {"value": 36},
                "adjudication": [{"category": {"text": "authorised"}}],
            }
        ],
        "insurance": [
            {"sequence": 1, "focal": True, "coverage": {"reference": f"Coverage/{coverage['id']}"}}
        ],
    }
    hospital.put(written)

    [kept] = hospital.found("ClaimResponse", patient=hospital.patient, use="preauthorization")
    assert kept["preAuthPeriod"] == period
    assert kept["addItem"][0]["quantity"] == {"value": 36}
    everything = hospital.http.get(f"{hospital.patient}/$everything", params={"_count": "1000"})
    types = {each["resource"]["resourceType"] for each in everything.json()["entry"]}
    assert {"Coverage", "ClaimResponse"} <= types
