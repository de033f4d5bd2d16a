"""A referral by which somebody was declined stands unless it is taken back or of another person."""

from __future__ import annotations

from typing import Any

import pytest

from services.intake_api.domain.decline_review import stands

BASES = ("https://care.example/fhir",)
PERSON = ("one", "merged")


def request(whose: str) -> dict[str, Any]:
    subject = {"reference": whose}
    return {"resourceType": "ServiceRequest", "status": "revoked", "subject": subject}


@pytest.mark.parametrize(
    "whose", ["Patient/one", "Patient/merged", "https://care.example/fhir/Patient/one"]
)
def test_one_of_any_of_their_patients_stands(whose: str) -> None:
    assert stands(request(whose), PERSON, BASES)
    assert not stands(request(whose), ("other",), BASES)


def test_a_task_need_not_say_whom_it_is_for() -> None:
    task = {"resourceType": "Task", "status": "rejected"}
    assert stands(task, PERSON, BASES)
    assert stands(task | {"for": {"reference": "Patient/one"}}, PERSON, BASES)
    assert not stands(task | {"for": {"reference": "Patient/other"}}, PERSON, BASES)


def test_a_mistake_or_none_at_all_does_not_stand() -> None:
    assert not stands(request("Patient/one") | {"status": "entered-in-error"}, PERSON, BASES)
    assert not stands(None, PERSON, BASES)
