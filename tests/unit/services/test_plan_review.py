"""What is proposed when a measure worsens, and what a decision about it writes."""

from __future__ import annotations

from datetime import UTC, date
from typing import Any

import pytest

from services.plan_api.domain import review, revision
from services.plan_api.domain.bundle import Seen
from services.plan_api.domain.needs import Known
from services.plan_api.domain.plan_page import Parts, page
from services.plan_api.domain.review import Evidence
from services.plan_api.domain.revision import Current, Decision, Proposed
from shared.care.canonical import code_system
from shared.fhir.validation import validate
from tests.unit.services.test_applied_plan import applied
from tests.unit.services.test_profiles import broken_rules

NOW = "2026-04-01T14:00:00.000Z"
APPLIED = applied()
PLAN = APPLIED["CarePlan"][0] | {"status": "active"}
ORDERS = [each | {"status": "active"} for each in APPLIED["ServiceRequest"]]
OBSERVATION = {
    "resourceType": "Observation",
    "id": "change",
    "status": "final",
    "code": {"text": "PHQ-9 change"},
    "subject": {"reference": "Patient/p"},
    "valueCodeableConcept": {
        "coding": [{"system": code_system("change"), "code": "reliable-worsening"}]
    },
    "derivedFrom": [{"reference": "Observation/one"}, {"reference": "Observation/two"}],
}
DECISION = Decision("Practitioner/a", NOW, date(2026, 4, 1), UTC, "Needed.", "Soon.")


def evidence(plan: dict[str, Any] = PLAN) -> Evidence:
    return Evidence(
        observation=OBSERVATION,
        observation_version="Observation/change/_history/1",
        plan=plan,
        plan_version="CarePlan/plan/_history/2",
        today=date(2026, 4, 1),
        recorded=NOW,
    )


def written(bundle: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for entry in bundle["entry"]:
        found.setdefault(entry["resource"]["resourceType"], []).append(entry["resource"])
    return found


def proposed() -> Proposed:
    found = written(review.proposal(evidence(), ORDERS))
    return Proposed(
        Seen(found["CarePlan"][0], 1),
        drafts=[Seen(each, 1) for each in found["ServiceRequest"]],
        tasks=[Seen(each, 1) for each in found["Task"]],
    )


def current(plan: dict[str, Any] = PLAN) -> Current:
    goals = [Seen(each, 1) for each in APPLIED["Goal"]]
    return Current(Seen(plan, 2), ORDERS, goals, (), APPLIED["CareTeam"], Known())


def test_a_proposal_is_valid_made_once_and_cites_its_evidence() -> None:
    bundle = review.proposal(evidence(), ORDERS)

    assert {each["request"]["ifNoneMatch"] for each in bundle["entry"]} == {"*"}
    assert review.proposal(evidence(), ORDERS) == bundle
    for entry in bundle["entry"]:
        assert validate(entry["resource"]) == []
        assert list(broken_rules({"meta": {"profile": []}} | entry["resource"])) == []
    [plan] = written(bundle)["CarePlan"]
    assert [each["reference"] for each in plan["supportingInfo"]] == [
        "Observation/change",
        "Observation/one",
        "Observation/two",
    ]
    assert "New: Individual therapy" in plan["text"]["div"]


def test_a_task_of_the_plan_may_say_little() -> None:
    task = {"resourceType": "Task", "id": "t", "description": "Breathe"}
    div = page(PLAN, Known(), Parts((), (), [task], ()), day=date(2026, 4, 1), zone=UTC)["div"]

    assert "Task. Breathe" in div


def test_what_is_added_lasts_to_the_end_of_the_plan() -> None:
    for each in written(review.proposal(evidence(), ORDERS))["ServiceRequest"]:
        bounds = each["occurrenceTiming"]["repeat"]["boundsPeriod"]
        assert bounds == {"start": "2026-04-01", "end": PLAN["period"]["end"]}
    endless = PLAN | {"period": {"start": "2026-03-02"}}
    for each in written(review.proposal(evidence(endless), ORDERS))["ServiceRequest"]:
        assert each["occurrenceTiming"]["repeat"]["boundsPeriod"] == {"start": "2026-04-01"}


def test_what_is_ordered_already_is_not_proposed_again() -> None:
    before = written(review.proposal(evidence(), ORDERS))["ServiceRequest"]
    running = [*ORDERS, *(each | {"status": "active"} for each in before)]
    revoked = [*ORDERS, *(each | {"status": "revoked"} for each in before)]

    assert "ServiceRequest" not in written(review.proposal(evidence(), running))
    assert len(written(review.proposal(evidence(), revoked))["ServiceRequest"]) == 2


def test_a_plan_without_a_team_has_its_review_done_by_clinicians() -> None:
    teamless = {name: value for name, value in PLAN.items() if name != "careTeam"}

    [task] = written(review.proposal(evidence(teamless), ORDERS))["Task"]
    [owned] = written(review.proposal(evidence(), ORDERS))["Task"]

    assert task["owner"]["identifier"]["value"] == "clinician"
    assert owned["owner"] == PLAN["careTeam"][0]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"status": "amended"}, True),
        ({"status": "preliminary"}, False),
        ({"status": "cancelled"}, False),
        ({"valueCodeableConcept": {"coding": [{"code": "reliable-worsening"}]}}, False),
        ({"valueCodeableConcept": {"text": "worse"}}, False),
    ],
)
def test_a_stated_reliable_worsening_calls_for_a_review(
    changes: dict[str, Any], *, expected: bool
) -> None:
    assert review.calls_for_review(OBSERVATION | changes) == expected


def test_accepting_writes_over_what_was_read_and_is_signed() -> None:
    bundle = revision.accepted(proposed(), current(), DECISION, ())

    conditions = [each["request"].get("ifMatch") for each in bundle["entry"]]
    assert conditions == ['W/"2"', *['W/"1"'] * 4, None]
    found = written(bundle)
    assert all(validate(each["resource"]) == [] for each in bundle["entry"])
    assert [each["status"] for each in found["CarePlan"]] == ["active", "completed"]
    assert {each["status"] for each in found["ServiceRequest"]} == {"active"}
    [said] = found["Provenance"]
    assert said["agent"][0]["who"] == {"reference": "Practitioner/a"}
    assert said["reason"] == [{"text": "Needed. Soon."}]
    assert len(said["target"]) == 5


def test_the_revised_plan_keeps_what_others_wrote_and_names_who_revised_it() -> None:
    others = PLAN | {
        "note": [{"text": "first"}],
        "contributor": [{"reference": "Practitioner/b"}],
    }

    bundle = revision.accepted(proposed(), current(others), DECISION, ())
    plan = bundle["entry"][0]["resource"]

    assert [each["text"] for each in plan["note"]] == ["first", "Needed. Soon."]
    assert [each["reference"] for each in plan["contributor"]] == [
        "Practitioner/b",
        "Practitioner/a",
    ]
    assert plan["text"]["div"].count("Individual therapy") == 2


def test_without_words_a_note_still_says_what_was_done() -> None:
    silent = Decision("Practitioner/a", NOW, date(2026, 4, 1), UTC, None, None)
    bundle = revision.accepted(proposed(), current(), silent, ())

    assert bundle["entry"][0]["resource"]["note"][-1]["text"] == "Revised as proposed."
    assert "statusReason" not in written(bundle)["Task"][0]
    assert "reason" not in written(bundle)["Provenance"][0]


def test_rejecting_revokes_the_proposal_and_its_orders_with_the_reason() -> None:
    bundle = revision.rejected(proposed(), DECISION)

    found = written(bundle)
    assert all(validate(each["resource"]) == [] for each in bundle["entry"])
    assert {each["status"] for each in (*found["CarePlan"], *found["ServiceRequest"])} == {
        "revoked"
    }
    [task] = found["Task"]
    assert (task["status"], task["statusReason"]) == ("completed", {"text": "Needed. Soon."})


def test_only_an_open_task_of_its_kind_is_done_with_the_decision() -> None:
    [task] = [each.content for each in proposed().tasks]

    assert revision.is_open_review(task)
    assert not revision.is_open_review(task | {"status": "completed"})
    assert not revision.is_open_review(task | {"code": {"text": "Plan review"}})
