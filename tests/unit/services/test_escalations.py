"""What becomes of an escalation, by what became of what it escalates."""

from __future__ import annotations

from typing import Any

import pytest

from services.intake_api.domain import clock, escalations
from services.intake_api.domain.follow_up import marks
from shared.care.worklist import due

OPEN: dict[str, Any] = {"resourceType": "Task", "status": "requested", "priority": "urgent"}
AT = "2026-03-05T10:00:00.000Z"


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
    again = escalations.asked_again(clock.overdue(ended), AT)
    assert again == OPEN | {"restriction": due("escalation", AT)}
    assert escalations.called_off(ended, reason) is None


@pytest.mark.parametrize("status", ["received", "accepted", "in-progress", "completed", "rejected"])
def test_what_somebody_sees_to_or_has_decided_on_stays(status: str) -> None:
    assert escalations.called_off(OPEN | {"status": status}, "done") is None
    assert escalations.asked_again(OPEN | {"status": status}, AT) is None


def test_what_a_person_has_cancelled_stays() -> None:
    said = {"status": "cancelled", "statusReason": {"text": "Seen to by telephone"}}

    assert escalations.asked_again(OPEN | said, AT) is None
