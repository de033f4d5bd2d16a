"""Plain FHIR referrals of every route: the planned episode tells from where somebody comes."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.canonical import code_system
from shared.care.episode import PROGRAMME
from tests.journey.hospital import Hospital
from tests.notices import ACT_CODE, patient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.notices import Resource
    from tests.programs import Programs

SYSTEM = code_system("route")


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=all_in_one.fhir, timeout=180, trust_env=False) as each:
        yield each


@pytest.fixture
def hospital(http: httpx.Client) -> Hospital:
    made = Hospital(http)
    made.put(patient(made.person) | {"id": made.person})
    return made


def before(hospital: Hospital, kind: str) -> Resource:
    """Care that came before the referral."""
    person = {"reference": hospital.patient}
    if kind == "outpatient episode":
        care: Resource = {"resourceType": "EpisodeOfCare", "status": "active", "patient": person}
    else:
        code = {"inpatient stay": "IMP", "stay that goes on": "IMP", "visit": "AMB"}[kind]
        care = {
            "resourceType": "Encounter",
            "status": "in-progress" if kind == "stay that goes on" else "finished",
            "class": {"system": ACT_CODE, "code": code},
            "subject": person,
            "period": {"start": "2026-01-05T10:00:00Z", "end": "2026-01-05T11:00:00Z"},
        }
    return hospital.put(care | {"id": f"c-{uuid.uuid4()}"})


def refer(hospital: Hospital, **said: object) -> None:
    person = {"reference": hospital.patient}
    request: Resource = {"resourceType": "ServiceRequest", "status": "active", "intent": "order"}
    request |= {"code": {"coding": [PROGRAMME]}, "subject": person} | said
    task = {"resourceType": "Task", "status": "requested", "intent": "order", "for": person}
    urn = f"urn:uuid:{uuid.uuid4()}"
    entries: list[Resource] = [
        {
            "fullUrl": urn,
            "resource": request,
            "request": {"method": "POST", "url": "ServiceRequest"},
        },
        {
            "resource": task | {"focus": {"reference": urn}},
            "request": {"method": "POST", "url": "Task"},
        },
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    answer = hospital.http.post("", json=bundle)
    assert answer.is_success, answer.text
    hospital.pass_time()


def planned(hospital: Hospital, **criteria: str) -> list[Resource]:
    return hospital.found("EpisodeOfCare", patient=hospital.patient, status="planned", **criteria)


@pytest.mark.parametrize(
    ("kind", "element", "route"),
    [
        ("inpatient stay", "encounter", "step-down"),
        ("stay that goes on", "encounter", "step-down"),
        ("inpatient stay", "supportingInfo", "step-down"),
        ("visit", "encounter", "step-up"),
        ("outpatient episode", "supportingInfo", "step-up"),
    ],
)
def test_what_a_referral_names_tells_its_route(
    hospital: Hospital, kind: str, element: str, route: str
) -> None:
    care = before(hospital, kind)
    named = {"reference": f"{care['resourceType']}/{care['id']}"}

    refer(hospital, **{element: named if element == "encounter" else [named]})

    [episode] = planned(hospital)
    assert episode["type"][0]["coding"] == [PROGRAMME]
    assert episode["type"][1]["coding"] == [{"system": SYSTEM, "code": route}]
    assert planned(hospital, type=f"{SYSTEM}|{route}") == [episode]


def test_a_referral_that_names_no_care_before_is_a_direct_one(hospital: Hospital) -> None:
    refer(hospital)

    [episode] = planned(hospital, type=f"{SYSTEM}|direct")
    assert episode["referralRequest"][0]["reference"].startswith("ServiceRequest/")


def test_a_referral_may_say_its_route_itself(hospital: Hospital) -> None:
    refer(hospital, category=[{"coding": [{"system": SYSTEM, "code": "step-up"}]}])

    assert len(planned(hospital, type=f"{SYSTEM}|step-up")) == 1


def test_care_of_somebody_else_tells_nothing(hospital: Hospital, http: httpx.Client) -> None:
    other = Hospital(http)
    other.put(patient(other.person) | {"id": other.person})
    visit = before(other, "visit")

    refer(hospital, encounter={"reference": f"Encounter/{visit['id']}"})

    assert len(planned(hospital, type=f"{SYSTEM}|direct")) == 1


def test_the_routes_are_published(hospital: Hospital) -> None:
    [system] = hospital.found("CodeSystem", url=SYSTEM)
    assert [each["code"] for each in system["concept"]] == ["step-down", "step-up", "direct"]
