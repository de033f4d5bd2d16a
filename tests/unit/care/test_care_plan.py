"""What holds of every plan of ours, whoever writes it: it stays one person's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.care import care_plan
from shared.care.law import CareChange
from shared.care.programme_plan import PROFILE

NOW = datetime(2026, 3, 2, 14, tzinfo=UTC)
BASE = "http://127.0.0.1:8000/fhir"
PERSON, OTHER = "Patient/p", "Patient/q"


def plan(*orders: str, person: str = PERSON, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        "resourceType": "CarePlan",
        "id": "plan",
        "meta": {"profile": [PROFILE]},
        "subject": {"reference": person},
        "activity": [{"reference": {"reference": each}} for each in orders],
        **changes,
    }


def broken(before: dict[str, Any] | None, after: dict[str, Any], *, ordered_for: str) -> list[str]:
    """List where a change is refused, where all orders are of one person."""
    change = CareChange(before, after, NOW, None, (BASE,))
    order = {"resourceType": "ServiceRequest", "id": "r", "subject": {"reference": ordered_for}}
    return [
        str(issue.expression)
        for law in care_plan.LAWS
        for issue in law.rule(change, tuple([order] for _ in law.needs(change)))
    ]


@pytest.mark.parametrize("intent", ["plan", "proposal"])
def test_a_plan_takes_in_its_own_persons_orders_only(intent: str) -> None:
    taken_in = plan("ServiceRequest/r", intent=intent)

    assert broken(None, taken_in, ordered_for=PERSON) == []
    assert broken(None, taken_in, ordered_for=f"{BASE}/{PERSON}") == []
    assert broken(None, taken_in, ordered_for=OTHER) == ["CarePlan.activity"]
    assert broken(plan(), taken_in, ordered_for=OTHER) == ["CarePlan.activity"]


def test_a_plan_that_holds_anothers_order_can_still_be_ended() -> None:
    held = plan("ServiceRequest/r")

    assert broken(held, held | {"status": "revoked"}, ordered_for=OTHER) == []


def test_the_plans_of_partners_are_theirs() -> None:
    assert broken(None, plan("ServiceRequest/r", meta={}), ordered_for=OTHER) == []


def test_a_plan_is_never_handed_to_another_person() -> None:
    assert broken(plan(), plan(person=OTHER), ordered_for=PERSON) == ["CarePlan.subject"]
    assert broken(plan(), plan(person=f"{BASE}/{PERSON}"), ordered_for=PERSON) == []
