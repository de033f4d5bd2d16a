"""Who signs a plan, what a signature stands for, and whose it is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.care import plan_signing
from shared.care.law import CareChange
from shared.care.plan_signing import SIGN_OFF, SIGNED, digest, signers
from shared.care.programme_plan import PROFILE

Resource = dict[str, Any]
NOW = datetime(2026, 3, 2, 14, tzinfo=UTC)
ORDER: Resource = {
    "resourceType": "ServiceRequest",
    "id": "r",
    "status": "draft",
    "occurrenceTiming": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "wk"}},
}
PLAN: Resource = {
    "resourceType": "CarePlan",
    "id": "plan",
    "meta": {"profile": [PROFILE]},
    "status": "active",
    "intent": "plan",
    "subject": {"reference": "Patient/p"},
    "careTeam": [{"reference": "CareTeam/t"}],
    "activity": [{"reference": {"reference": "ServiceRequest/r"}}],
}
DRAFT = PLAN | {"status": "draft"}


def team(**members: str) -> Resource:
    """Write a team: the role of each Practitioner by their id."""
    participant = [
        {"role": [{"text": role}], "member": {"reference": f"Practitioner/{member}"}}
        for member, role in members.items()
    ]
    family = {"role": [{"text": "Guardian"}], "member": {"reference": "RelatedPerson/g"}}
    return {"resourceType": "CareTeam", "id": "t", "participant": [*participant, family]}


def signature(member: str, plan: Resource = PLAN, order: Resource = ORDER) -> Resource:
    return {
        "resourceType": "Task",
        "status": "completed",
        "code": {"coding": [SIGN_OFF]},
        "owner": {"reference": f"Practitioner/{member}"},
        "input": [{"type": {"coding": [SIGNED]}, "valueString": digest(plan, [order])}],
    }


def told(
    after: Resource, before: Resource | None, *found: Resource, order: Resource = ORDER
) -> str:
    """Tell what the law of the plan says, given what there is."""
    change = CareChange(before, after, NOW, "Practitioner/a")
    there = [*found, order]
    given = tuple(
        [each for each in there if each["resourceType"] == need.type]
        for law in plan_signing.LAWS[:1]
        for need in law.needs(change)
    )
    issues = plan_signing.the_team_has_signed(change, given)
    return " ".join(str(issue.diagnostics) for issue in issues)


BOTH = team(a="Responsible clinician", b="Member of the team", peer="Peer specialist")


def test_everybody_asked_must_have_signed() -> None:
    assert signers([BOTH], ()) == ["Practitioner/a", "Practitioner/b"]
    assert "by Practitioner/a, Practitioner/b;" in told(PLAN, DRAFT, BOTH)
    assert "by Practitioner/b;" in told(PLAN, DRAFT, BOTH, signature("a"))
    assert told(PLAN, DRAFT, BOTH, signature("a"), signature("b")) == ""


@pytest.mark.parametrize("before", [None, DRAFT, PLAN | {"meta": {}}, PLAN | {"status": "revoked"}])
@pytest.mark.parametrize("status", ["active", "on-hold"])
def test_no_way_into_force_goes_round_the_team(before: Resource | None, status: str) -> None:
    assert told(PLAN | {"status": status}, before, BOTH)


def test_what_is_in_force_or_none_of_ours_needs_no_signature() -> None:
    assert told(PLAN, PLAN | {"status": "on-hold"}, BOTH) == ""
    assert told(PLAN | {"meta": {}}, None, BOTH) == ""
    assert told(DRAFT, None, BOTH) == ""


def test_a_plan_without_anybody_who_signs_is_refused() -> None:
    assert "name a CareTeam" in told(PLAN, DRAFT, team(peer="Peer specialist"))
    assert "name a CareTeam" in told({k: v for k, v in PLAN.items() if k != "careTeam"}, DRAFT)


def test_a_signature_stands_for_the_plan_and_its_orders_as_they_were() -> None:
    one = team(a="Responsible clinician")
    longer = ORDER | {"occurrenceTiming": {"repeat": {"frequency": 2, "periodUnit": "wk"}}}

    assert told(PLAN, DRAFT, one, signature("a")) == ""
    assert told(PLAN | {"title": "Another"}, DRAFT, one, signature("a"))
    assert told(PLAN, DRAFT, one, signature("a"), order=longer)
    # How far an order has come, and who wrote what last, is no part of it.
    assert told(PLAN, DRAFT, one, signature("a"), order=ORDER | {"status": "active"}) == ""
    assert told(PLAN | {"note": [{"text": "x"}]}, DRAFT, one, signature("a")) == ""


def of_signing(after: Resource, before: Resource | None, caller: str | None) -> list[str]:
    change = CareChange(before, after, NOW, caller)
    return [i.code for i in plan_signing.a_signature_is_the_member_s_own(change, ())]


@pytest.mark.parametrize("caller", [None, "Practitioner/b", "Patient/a", "Device/plan"])
def test_a_signature_is_given_by_its_owner_only(caller: str | None) -> None:
    task = signature("a")
    open_task = task | {"status": "requested"}

    assert of_signing(task, open_task, "Practitioner/a") == []
    assert of_signing(task, open_task, caller) == ["forbidden"]
    assert of_signing(task, None, caller) == ["forbidden"]
    # What is signed may be written again as it is, but nothing of it changed.
    assert of_signing(task | {"note": []}, task, caller) == []
    assert of_signing(task, task | {"code": {}}, caller) == ["forbidden"]
    assert of_signing(task, task | {"input": []}, caller) == ["forbidden"]
    assert of_signing(open_task, None, caller) == []
