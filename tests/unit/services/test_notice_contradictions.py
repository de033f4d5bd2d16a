"""Two tellings of one thing that contradict each other: the newer one holds."""

from __future__ import annotations

from typing import Any

from services.intake_api.domain.notice.fold import folded


def of_condition(name: str, code: str) -> dict[str, Any]:
    system = f"http://terminology.hl7.org/CodeSystem/condition-{name}"
    return {"coding": [{"system": system, "code": code}]}


def test_no_gap_is_filled_with_what_contradicts_the_newer_telling() -> None:
    illness = {"resourceType": "Condition", "id": "c", "subject": {"reference": "Patient/p"}}
    active = illness | {"clinicalStatus": of_condition("clinical", "active")}
    over = {"clinicalStatus": of_condition("clinical", "resolved"), "abatementDateTime": "2026-01"}
    in_error = illness | {"verificationStatus": of_condition("ver-status", "entered-in-error")}
    recorded = illness | {"recordedDate": "2026-02-20"}

    assert folded([active, in_error]) == in_error
    assert folded([illness | over, active]) == active
    assert folded([recorded, active, in_error]) == in_error | recorded
    assert folded([recorded, active]) == active | recorded
