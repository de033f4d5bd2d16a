"""A required binding admits the codes of its list and no others."""

from __future__ import annotations

import pytest

from shared.fhir.validation import validate
from tests.unit.fhir_validation.resources import ALLERGY, PATIENT, damaged

SYSTEM = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"


@pytest.mark.parametrize("code", ["male", "female", "other", "unknown"])
def test_a_code_of_the_list_is_accepted(code: str) -> None:
    assert validate(damaged(PATIENT, "gender", code)) == []


def test_the_refusal_names_a_short_list() -> None:
    (issue,) = validate(damaged(PATIENT, "gender", "woman"))

    assert "Allowed: female, male, other, unknown." in issue.diagnostics


@pytest.mark.parametrize("text", ["Rivera", "Ana Rivera " * 9, "Ana\nRivera"])
def test_what_stands_there_is_not_quoted(text: str) -> None:
    (issue,) = validate(damaged(PATIENT, "gender", text))

    assert issue.code == "code-invalid"
    assert "Rivera" not in issue.diagnostics


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/fhir+json; fhirVersion=4.0", "image/*", "text/plain;charset=UTF-8"],
)
def test_a_mime_type_is_checked_by_its_form(content_type: str) -> None:
    photo = [{"contentType": content_type, "url": "http://example.org/p"}]

    assert validate(damaged(PATIENT, "photo", photo)) == []


@pytest.mark.parametrize("content_type", ["plain", "text/", "/plain", "text/pl ain\n", "a/b/c"])
def test_what_is_no_mime_type_is_refused(content_type: str) -> None:
    photo = [{"contentType": content_type, "url": "http://example.org/p"}]

    (issue,) = validate(damaged(PATIENT, "photo", photo))
    assert issue.expression == "Patient.photo[0].contentType"


def test_a_currency_is_one_of_iso_4217() -> None:
    def charged(currency: str) -> list[str | None]:
        extension = {"url": "urn:a", "valueMoney": {"value": 1, "currency": currency}}
        return [issue.expression for issue in validate(damaged(PATIENT, "extension", [extension]))]

    assert charged("USD") == []
    assert charged("XYZ") == ["Patient.extension[0].value.currency"]


def test_a_concept_needs_one_coding_of_the_list_by_system_and_code() -> None:
    def codes(*codings: dict[str, str]) -> list[str]:
        concept = {"coding": list(codings)}
        return [issue.code for issue in validate(damaged(ALLERGY, "clinicalStatus", concept))]

    right, other = {"system": SYSTEM, "code": "active"}, {"system": "urn:x", "code": "active"}
    assert codes(right) == codes(other, right) == []
    assert (
        codes(other) == codes({"code": "active"}) == codes({"system": SYSTEM}) == ["code-invalid"]
    )
