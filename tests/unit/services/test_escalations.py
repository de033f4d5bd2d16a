"""What becomes of an escalation, by what became of what it escalates."""

from __future__ import annotations

from typing import Any

import pytest

from services.intake_api.domain import escalations
from services.intake_api.domain.follow_up import marks

OPEN: dict[str, Any] = {"resourceType": "Task", "status": "requested", "priority": "urgent"}


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("completed", "done"),
        ("cancelled", "ended"),
        ("rejected", "ended"),
        ("failed", "ended"),
        ("entered-in-error", "ended"),
        ("requested", None),
        ("in-progress", None),
        ("on-hold", None),
    ],
)
def test_it_is_needless_once_what_it_escalates_has_ended(status: str, reason: str | None) -> None:
    assert escalations.why_needless({"status": status}) == reason


@pytest.mark.parametrize("reason", ["done", "ended", "gone-on"])
def test_what_was_called_off_can_be_asked_for_again(reason: str) -> None:
    ended = escalations.called_off(OPEN, reason)

    assert ended == OPEN | {"status": "cancelled", "statusReason": marks.concept(reason)}
    assert escalations.asked_again(ended) == OPEN
    assert escalations.called_off(ended, reason) is None


@pytest.mark.parametrize("status", ["received", "accepted", "in-progress", "completed", "rejected"])
def test_what_somebody_sees_to_or_has_decided_on_stays(status: str) -> None:
    assert escalations.called_off(OPEN | {"status": status}, "done") is None
    assert escalations.asked_again(OPEN | {"status": status}) is None


def test_what_a_person_has_cancelled_stays() -> None:
    said = {"status": "cancelled", "statusReason": {"text": "Seen to by telephone"}}

    assert escalations.asked_again(OPEN | said) is None
