"""The draft plan after an inpatient stay."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.plan_api.domain import draft_plan
from shared.fhir.validation import validate

ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
NOW = "2026-03-01T09:00:00.000Z"
IDS = st.from_regex(r"[A-Za-z0-9\-.]{1,64}", fullmatch=True)


def an_encounter(
    status: str = "finished", code: str = "IMP", system: str = ACT_CODE
) -> dict[str, Any]:
    return {
        "resourceType": "Encounter",
        "status": status,
        "class": {"system": system, "code": code},
    }


@pytest.mark.parametrize("code", ["IMP", "ACUTE", "NONAC"])
def test_an_inpatient_encounter_that_is_finished_ends_a_stay(code: str) -> None:
    assert draft_plan.ends_inpatient_stay(an_encounter(code=code))


@pytest.mark.parametrize("status", ["planned", "in-progress", "onleave", "entered-in-error"])
def test_a_stay_that_is_not_finished_ends_nothing(status: str) -> None:
    assert not draft_plan.ends_inpatient_stay(an_encounter(status))


@pytest.mark.parametrize("code", ["AMB", "VR", "EMER", "OBSENC", "SS"])
def test_a_visit_without_a_bed_ends_no_stay(code: str) -> None:
    assert not draft_plan.ends_inpatient_stay(an_encounter(code=code))


def test_the_same_code_of_another_system_ends_no_stay() -> None:
    assert not draft_plan.ends_inpatient_stay(an_encounter(system="https://elsewhere.example"))
    assert not draft_plan.ends_inpatient_stay({"status": "finished", "class": {"code": "IMP"}})


@given(encounter_id=IDS, patient_id=IDS)
def test_every_draft_is_valid_and_claims_no_clinician(encounter_id: str, patient_id: str) -> None:
    plan = draft_plan.draft_plan(encounter_id, patient_id, NOW)

    assert validate(plan) == []
    assert (plan["status"], plan["intent"]) == ("draft", "plan")
    assert plan["subject"] == {"reference": f"Patient/{patient_id}"}
    assert plan["supportingInfo"] == [{"reference": f"Encounter/{encounter_id}"}]
    assert not {"author", "contributor"} & plan.keys()


def test_a_draft_is_found_by_the_category_that_clients_search_for() -> None:
    plan = draft_plan.draft_plan("e1", "p1", NOW)

    assert [category["coding"][0]["code"] for category in plan["category"]] == [
        "assess-plan",
        "736271009",
    ]


@given(one=IDS, other=IDS)
def test_each_stay_has_one_plan_of_its_own(one: str, other: str) -> None:
    same = draft_plan.draft_plan_id(one) == draft_plan.draft_plan_id(other)

    assert same == (one == other)
