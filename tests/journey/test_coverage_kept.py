"""What pays for the programme is kept as data: the coverage, and what the payer has authorised."""

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
    with httpx.Client(base_url=stack.fhir, timeout=180, trust_env=False) as each:
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
    written = authorised(hospital, days=60, units=36)

    [kept] = hospital.found("ClaimResponse", patient=hospital.patient, use="preauthorization")
    assert kept["preAuthPeriod"] == written["preAuthPeriod"]
    assert kept["addItem"][0]["quantity"] == {"value": 36}
    everything = hospital.http.get(f"{hospital.patient}/$everything", params={"_count": "1000"})
    types = {each["resource"]["resourceType"] for each in everything.json()["entry"]}
    assert {"Coverage", "ClaimResponse"} <= types


def authorised(hospital: Hospital, *, days: int, units: int) -> Resource:
    """What the payer of the hospital's person has authorised, since yesterday."""
    if not hospital.patients():
        hospital.send(hospital.discharged())
    [coverage] = hospital.of_person("Coverage")
    first = hospital.now().date()
    begin = first - timedelta(days=1)
    period = {"start": begin.isoformat(), "end": (first + timedelta(days=days)).isoformat()}
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
                "quantity": {"value": units},
                "adjudication": [{"category": {"text": "authorised"}}],
            }
        ],
        "insurance": [
            {"sequence": 1, "focal": True, "coverage": {"reference": f"Coverage/{coverage['id']}"}}
        ],
    }
    return hospital.put(written)


def asked(hospital: Hospital) -> list[str]:
    """The statuses of the Tasks that ask for more, in the order of their making."""
    hospital.pass_time()
    tasks = sorted(hospital.tasks("authorisation"), key=lambda each: str(each["authoredOn"]))
    return [each["status"] for each in tasks]


def test_more_is_asked_for_once_when_the_end_is_near(hospital: Hospital) -> None:
    written = authorised(hospital, days=60, units=36)
    assert asked(hospital) == []

    hospital.pass_time(timedelta(days=50))
    assert asked(hospital) == ["requested"]
    [task] = hospital.tasks("authorisation")
    end = written["preAuthPeriod"]["end"]
    assert task["description"] == f"Ask the payer for more: it ends on {end}."
    found = hospital.found("Provenance", target=f"Task/{task['id']}")
    assert found[0]["agent"][0]["who"]["identifier"]["value"] == "authorisation-runs-out|1.0"

    longer = (hospital.now().date() + timedelta(days=40)).isoformat()
    hospital.put(written | {"preAuthPeriod": {"end": longer}})
    assert asked(hospital) == ["cancelled"]
    hospital.pass_time(timedelta(days=30))
    assert asked(hospital) == ["cancelled", "requested"]

    [episode] = hospital.of_person("EpisodeOfCare")
    hospital.put(episode | {"status": "cancelled"})
    assert asked(hospital) == ["cancelled", "cancelled"]


def test_more_is_asked_for_when_units_run_short(hospital: Hospital) -> None:
    authorised(hospital, days=60, units=7)
    assert asked(hospital) == []

    visit = attended(hospital)
    assert asked(hospital) == ["requested"]
    [task] = hospital.tasks("authorisation")
    assert task["description"] == "Ask the payer for more: 6 of 7 units or fewer are left."

    hospital.put(visit | {"status": "entered-in-error"})
    assert asked(hospital) == ["cancelled"]


def attended(hospital: Hospital) -> Resource:
    """A session of the person, kept now."""
    now = hospital.now()
    planned = {
        "resourceType": "Appointment",
        "id": f"a-{hospital.person}",
        "status": "arrived",
        "start": now.isoformat(timespec="seconds"),
        "end": (now + timedelta(hours=3)).isoformat(timespec="seconds"),
        "participant": [{"actor": {"reference": hospital.patient}, "status": "accepted"}],
    }
    kept = hospital.put(planned)
    return hospital.visit(now, appointment=[{"reference": f"Appointment/{kept['id']}"}])
