"""Which orders go on with a plan that comes into force again: those that had ended with it."""

from __future__ import annotations

import pytest

from services.plan_api.domain import activation
from services.plan_api.orders import ended_with
from shared.care.automatic import Act, provenance


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("CarePlan/p/_history/3", True),
        ("CarePlan/another/_history/3", False),
        ("CarePlan/p2/_history/3", False),
        # The order's own event, or that of another order of the same plan.
        ("ServiceRequest/s/_history/4", True),
        ("Patient/p/_history/2", False),
    ],
)
def test_an_order_ends_with_its_plan_or_by_its_own_event(source: str, *, expected: bool) -> None:
    act = Act(["ServiceRequest/s"], [source], "2026-05-04T12:00:00Z", "UPDATE")

    assert ended_with(provenance(activation.POLICY, act), "CarePlan/p") is expected
