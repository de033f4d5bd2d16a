"""A notice that is labelled as protected: without a consent nothing of it goes any further."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.journey.hospital import Hospital
from tests.notices import PATIENT, changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.notices import Resource
    from tests.programs import Programs

MARKER = "PROTECTEDMARKER"
LABEL = {
    "security": [
        {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "42CFRPart2"}
    ]
}
DERIVED = ("Encounter", "Condition", "Coverage", "ServiceRequest", "Task", "EpisodeOfCare")
OUTGOING = ("CarePlan", "CareTeam", "Appointment", "Provenance", "Consent")


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=all_in_one.fhir, timeout=180, trust_env=False) as each:
        yield each


@pytest.fixture
def hospital(http: httpx.Client) -> Hospital:
    return Hospital(http)


def protected(hospital: Hospital, message: str = "protected") -> Resource:
    """A discharge whose stay and illness are labelled, and speak of it wherever they can."""
    told = hospital.discharged()
    told["entry"][0]["resource"]["id"] = f"{message}-{hospital.person}"
    illness = f"Condition/illness-{hospital.person}"
    return changed(
        told,
        Condition={"meta": LABEL, "code": {"text": MARKER}},
        Encounter={
            "meta": LABEL,
            "reasonCode": [{"text": MARKER}],
            "type": [{"text": MARKER}],
            "diagnosis": [{"condition": {"reference": illness, "display": MARKER}}],
        },
    )


def consent(status: str = "active") -> Resource:
    scope = {
        "system": "http://terminology.hl7.org/CodeSystem/consentscope",
        "code": "patient-privacy",
    }
    return {
        "resourceType": "Consent",
        "status": status,
        "scope": {"coding": [scope]},
        "category": [{"text": "Disclosure"}],
        "patient": {"reference": PATIENT},
        "policyRule": {"text": "42 CFR Part 2"},
        "provision": {"type": "permit"},
    }


def along(message: Resource, given: Resource) -> Resource:
    url = f"urn:uuid:{uuid.uuid4()}"
    return message | {"entry": [*message["entry"], {"fullUrl": url, "resource": given}]}


def said(hospital: Hospital) -> str:
    """Everything that is found of the person, beside the message itself."""
    hospital.pass_time()
    hospital.pass_time()
    types = (*DERIVED, *OUTGOING)
    found = [
        each
        for kind in types
        for each in hospital.found(kind)
        if hospital.patient in str(each) or kind == "Provenance"
    ]
    return f"{found} {hospital.http.get(f'{hospital.patient}/$everything').text}"


def test_without_a_consent_nothing_protected_leaves_the_message(hospital: Hospital) -> None:
    hospital.send(protected(hospital))

    assert MARKER not in said(hospital)
    assert hospital.of_person("Condition") == []
    [request] = hospital.of_person("ServiceRequest")
    assert "reasonReference" not in request
    # The person is taken over all the same.
    assert hospital.stay()["meta"]["security"] == LABEL["security"]
    assert len(hospital.of_person("EpisodeOfCare")) == len(hospital.tasks("follow-up-7d")) == 1


def test_a_consent_that_comes_along_permits(hospital: Hospital) -> None:
    hospital.send(along(protected(hospital), consent()))

    [condition] = hospital.of_person("Condition")
    [request] = hospital.of_person("ServiceRequest")
    assert condition["code"] == {"text": MARKER}
    assert request["reasonReference"] == [{"reference": f"Condition/{condition['id']}"}]
    assert [each["status"] for each in hospital.of_person("Consent")] == ["active"]
    assert hospital.stay()["reasonCode"] == [{"text": MARKER}]


def test_a_consent_that_does_not_hold_permits_nothing(hospital: Hospital) -> None:
    hospital.send(along(protected(hospital), consent("rejected")))

    assert MARKER not in said(hospital)


def test_a_consent_of_the_record_permits_what_comes_after_it(hospital: Hospital) -> None:
    hospital.send(protected(hospital))
    given = consent() | {"id": hospital.person, "patient": {"reference": hospital.patient}}
    hospital.put(given)

    hospital.send(protected(hospital, "corrected"))

    assert [each["code"] for each in hospital.of_person("Condition")] == [{"text": MARKER}]


def test_the_same_notice_without_labels_is_told_in_full(hospital: Hospital) -> None:
    open_notice = changed(protected(hospital), Condition={"meta": None}, Encounter={"meta": None})
    hospital.send(open_notice)

    assert MARKER in said(hospital)
    assert len(hospital.of_person("Condition")) == 1
