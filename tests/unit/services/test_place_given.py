"""A free place goes to who waits first, and never to what no law would let be booked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.plan_api.domain.place_given import Waiting, moved_up
from shared.care.appointment import SESSION_SYSTEM
from shared.care.capacity import takes

Resource = dict[str, Any]
BEGINS = datetime(2026, 3, 2, 22, tzinfo=UTC)
SESSION = {"system": SESSION_SYSTEM, "value": "iop|skills|2026-03-02T17:00:00"}


def timed(kind: str, name: str, hours: int = 1) -> Resource:
    end = BEGINS + timedelta(hours=hours)
    return {
        "resourceType": kind,
        "id": name,
        "start": BEGINS.isoformat(),
        "end": end.isoformat(),
    }


def slot(name: str = "one", **more: object) -> Resource:
    return timed("Slot", name) | {"status": "free", "extension": [takes(1)], **more}


def waiting(name: str, *slots: str, hours: int = 1, **more: object) -> Waiting:
    who = {"actor": {"reference": f"Patient/{name}"}, "status": "accepted"}
    made = timed("Appointment", name, hours) | {
        "status": "waitlist",
        "participant": [who],
        "slot": [{"reference": f"Slot/{each}"} for each in slots],
    }
    return Waiting(made | more, BEGINS - timedelta(days=3))


def names(moved: list[Resource]) -> list[str]:
    assert {each["status"] for each in moved} <= {"booked"}
    return [each["id"] for each in moved]


def test_who_is_at_risk_goes_before_who_came_before_them() -> None:
    calm = waiting("calm", "one")
    at_risk = Waiting(waiting("risk", "one").appointment, BEGINS, "LA9193-9")
    assert names(moved_up([calm, at_risk], [], [slot()], ())) == ["risk"]
    assert names(moved_up([calm], [], [slot()], ())) == ["calm"]


@pytest.mark.parametrize(
    ("first", "slots"),
    [
        (waiting("first", "one"), [slot(identifier=[SESSION])]),
        (waiting("first", "one", identifier=[SESSION]), [slot()]),
        (waiting("first", "one", "two"), [slot(), slot("two", status="busy-unavailable")]),
        (waiting("first", "one", hours=25), [slot()]),
    ],
    ids=["of no session", "of a session", "a closed one too", "for longer than a day"],
)
def test_what_may_not_be_booked_takes_nobodys_place(first: Waiting, slots: list[Resource]) -> None:
    identifier = {k: v for k, v in slots[0].items() if k == "identifier"}
    second = waiting("second", "one", **identifier, priority=9)
    assert names(moved_up([first, second], [], slots, ())) == ["second"]


def test_several_slots_that_are_open_are_taken_together() -> None:
    first = waiting("first", "one", "two")
    assert names(moved_up([first], [], [slot(), slot("two")], ())) == ["first"]
    assert names(moved_up([first], [], [slot(), slot("two", status="entered-in-error")], ())) == []
