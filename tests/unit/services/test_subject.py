"""Whom a resource is about, and how an automatic act is told."""

from __future__ import annotations

import pytest

from shared.care.automatic import Act, Policy, derived_id, provenance
from shared.care.subject import patient_of
from shared.fhir.validation import validate

BASES = ("http://127.0.0.1:8000/fhir", "http://127.0.0.1:8001/fhir")


@pytest.mark.parametrize(
    ("reference", "patient_id"),
    [
        ("Patient/p1", "p1"),
        ("Patient/p1/_history/3", "p1"),
        ("http://127.0.0.1:8001/fhir/Patient/p1", "p1"),
        ("https://elsewhere.example/fhir/Patient/p1", None),
        ("Group/g1", None),
        ("Patient?identifier=1", None),
        ("#p1", None),
        ("urn:uuid:2f3e1b0a-7f5c-4a4e-9d0e-0a1b2c3d4e5f", None),
    ],
)
def test_only_a_patient_of_this_record_is_somebody(reference: str, patient_id: str | None) -> None:
    assert patient_of({"for": {"reference": reference}}, "for", BASES) == patient_id


def test_a_reference_without_an_address_is_nobody() -> None:
    assert patient_of({"subject": {"identifier": {"value": "1"}}}, "subject", BASES) is None
    assert patient_of({}, "subject", BASES) is None


def test_a_provenance_names_the_policy_and_no_clinician() -> None:
    act = Act(["CarePlan/c1"], ["Encounter/e1/_history/2"], "2026-03-01T09:00:00.000Z")
    said = provenance(Policy("prepare", "1.0", "Prepares"), act)

    assert validate(said) == []
    assert said["agent"][0]["who"] == {
        "type": "Device",
        "identifier": {"system": "https://stepdown.example/fhir/policy", "value": "prepare|1.0"},
        "display": "Prepares",
    }
    assert said["entity"] == [{"role": "source", "what": {"reference": "Encounter/e1/_history/2"}}]


def test_an_id_follows_from_its_cause_and_purpose() -> None:
    assert derived_id("Encounter/1", "plan") == derived_id("Encounter/1", "plan")
    assert derived_id("Encounter/1", "plan") != derived_id("Encounter/2", "plan")
    assert derived_id("Encounter/1", "plan") != derived_id("Encounter/1", "team")
