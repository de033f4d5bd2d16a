"""What must hold when a plan of ours comes into force, whoever writes it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.care import certification, own_plans, plan_activation, plan_signing
from shared.care.canonical import CANONICAL
from shared.care.law import CareChange, Need
from shared.care.programme_plan import PROFILE
from shared.care.required_hours import HOURS_POLICY

# Signatures, certifications and plans of a person's own are looked at apart.
APART = (*plan_signing.LAWS, *certification.LAWS, *own_plans.LAWS)
LAWS = [each for each in plan_activation.LAWS if each not in APART]
NOW = datetime(2026, 3, 2, 14, tzinfo=UTC)
CLINICIAN = "Practitioner/7"
PLAN: dict[str, Any] = {
    "resourceType": "CarePlan",
    "id": "plan",
    "meta": {"profile": [PROFILE]},
    "status": "active",
    "intent": "plan",
    "subject": {"reference": "Patient/p"},
    "period": {"start": "2026-03-02"},
    "activity": [{"reference": {"reference": "ServiceRequest/r"}}],
}
DRAFT = PLAN | {"status": "draft"}
EPISODE = {"resourceType": "EpisodeOfCare", "id": "e"}


def order(hours: int) -> dict[str, Any]:
    return {
        "resourceType": "ServiceRequest",
        "status": "draft",
        "instantiatesCanonical": [f"{CANONICAL}/ActivityDefinition/group-therapy|1.0"],
        "occurrenceTiming": {
            "repeat": {
                "boundsPeriod": {"start": "2026-03-02"},
                "frequency": 1,
                "period": 1,
                "periodUnit": "wk",
                "duration": hours,
                "durationUnit": "h",
            }
        },
    }


def broken(
    after: dict[str, Any] = PLAN,
    before: dict[str, Any] | None = DRAFT,
    caller: str | None = CLINICIAN,
    **found: list[dict[str, Any]],
) -> list[str]:
    """List the codes of all that the laws refuse, with what they find by its type."""
    change = CareChange(before, after, NOW, caller)
    there = {"EpisodeOfCare": [EPISODE], "CarePlan": [PLAN], "ServiceRequest": [order(9)]}
    there |= {"Patient": [{"resourceType": "Patient", "id": "p"}]} | found
    return [
        issue.code
        for law in LAWS
        for issue in law.rule(change, tuple(there[need.type] for need in law.needs(change)))
    ]


def test_a_clinician_brings_a_plan_into_force_for_somebody_in_care() -> None:
    assert broken() == []
    assert broken(before=None) == []
    assert broken(before=PLAN | {"status": "on-hold"}) == []


@pytest.mark.parametrize("caller", [None, "Device/plan", "Organization/o", "Patient/p"])
def test_nobody_else_does(caller: str | None) -> None:
    assert broken(caller=caller) == ["forbidden"]
    assert broken(before=None, caller=caller) == ["forbidden"]


def test_whatever_is_missing_is_told_at_once() -> None:
    without: dict[str, Any] = {"EpisodeOfCare": [], "ServiceRequest": []}

    assert broken(caller=None, **without) == ["forbidden", "business-rule", "business-rule"]


@pytest.mark.parametrize(("hours", "expected"), [(8, ["business-rule"]), (9, []), (40, [])])
def test_the_hours_of_a_plan_must_be_enough(hours: int, expected: list[str]) -> None:
    assert broken(ServiceRequest=[order(hours)]) == expected


def test_hours_are_those_of_the_plan_s_first_week_or_of_today() -> None:
    later = PLAN | {"period": {"start": "2026-04-01"}}
    vague = PLAN | {"period": {"start": "2026"}}
    ended = order(9)
    ended["occurrenceTiming"]["repeat"]["boundsPeriod"]["end"] = "2026-03-20"

    assert broken(later) == broken(vague) == broken(ServiceRequest=[ended]) == []
    assert broken(later, ServiceRequest=[ended]) == ["business-rule"]


def test_a_plan_without_activities_or_without_a_known_person_is_refused() -> None:
    empty = {name: value for name, value in PLAN.items() if name != "activity"}
    nobody = PLAN | {"subject": {"display": "somebody"}}

    assert broken(empty) == ["business-rule"]
    assert broken(nobody) == ["business-rule"]


def test_a_person_has_one_plan_in_force() -> None:
    beside = PLAN | {"id": "other"}

    assert broken(CarePlan=[PLAN, beside]) == ["business-rule"]
    assert broken(CarePlan=[PLAN, beside | {"meta": {}}]) == []
    assert broken(CarePlan=[PLAN, beside | {"intent": "proposal"}]) == []


def test_a_plan_in_force_may_be_rewritten_by_anybody() -> None:
    nothing: dict[str, Any] = {"EpisodeOfCare": [], "ServiceRequest": []}

    assert broken(before=PLAN, caller=None, **nothing) == []
    assert broken(DRAFT, before=None, caller=None, **nothing) == []


def test_plans_that_claim_no_profile_of_ours_are_not_looked_at() -> None:
    theirs = {name: value for name, value in PLAN.items() if name != "meta"}

    assert broken(theirs, before=None, caller=None) == []
    assert broken(theirs | {"intent": "proposal"}, before=None, caller=None) == []
    assert broken(before=theirs, caller=None) == ["forbidden"]


def test_a_proposal_stays_a_proposal() -> None:
    proposal = DRAFT | {"intent": "proposal"}

    assert broken(proposal | {"status": "active"}, before=proposal) == ["business-rule"]
    assert broken(DRAFT, before=proposal) == ["business-rule"]
    assert broken(proposal | {"status": "completed"}, before=proposal) == []


def test_a_law_asks_for_no_more_than_it_needs() -> None:
    asked = [law.needs(CareChange(DRAFT, PLAN, NOW, CLINICIAN)) for law in LAWS]
    unasked = [law.needs(CareChange(PLAN, PLAN, NOW, CLINICIAN)) for law in LAWS]

    of_them = (("patient", "Patient/p"), ("status", "active"))
    assert [each for needs in asked for each in needs] == [
        Need("EpisodeOfCare", of_them),
        Need("CarePlan", of_them),
        Need("ServiceRequest", (("_id", "r"),)),
        Need("Patient", (("_id", "p"),)),
    ]
    assert not any(unasked)


@pytest.mark.parametrize(
    ("born", "hours", "expected"),
    [
        ("2011-03-02", 6, []),
        ("2011-03-02", 5, ["business-rule"]),
        # Who is eighteen, or of unknown age, is held to the programme's own hours.
        ("2008-03-02", 6, ["business-rule"]),
        ("2008-03-03", 6, []),
        ("2011", 6, ["business-rule"]),
        ("2008-03-02", 9, []),
    ],
)
def test_a_plan_is_held_to_the_least_of_its_own_policies(
    born: str, hours: int, expected: list[str]
) -> None:
    said = {"url": "policy", "valueString": "asam-2.1-adolescent"}
    plan = PLAN | {"extension": [{"url": HOURS_POLICY, "extension": [said]}]}
    patient = {"resourceType": "Patient", "id": "p", "birthDate": born}

    assert broken(plan, ServiceRequest=[order(hours)], Patient=[patient]) == expected


def test_a_plan_that_names_no_policy_is_held_to_the_programme_s() -> None:
    young = {"resourceType": "Patient", "id": "p", "birthDate": "2011-03-02"}

    assert broken(ServiceRequest=[order(6)], Patient=[young]) == ["business-rule"]
    assert broken(ServiceRequest=[order(9)], Patient=[young]) == []
