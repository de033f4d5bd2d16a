"""What a proposal says in words that it changes of an order, whatever that is."""

from __future__ import annotations

from typing import Any

import pytest

from services.plan_api.domain.plan_difference import Difference

WEEKLY = {"period": 1, "periodUnit": "wk", "duration": 60, "durationUnit": "min"}
WEDNESDAY = WEEKLY | {"dayOfWeek": ["wed"], "timeOfDay": ["19:00:00"]}
WEEKS = {"value": 6, "unit": "weeks", "system": "http://unitsofmeasure.org", "code": "wk"}


def order(repeat: dict[str, Any] | None, **timing: object) -> dict[str, Any]:
    told = {"repeat": repeat} if repeat else {}
    timed = {"occurrenceTiming": told | timing} if told or timing else {}
    return {"resourceType": "ServiceRequest", "id": "s", "code": {"text": "Yoga"}} | timed


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (
            WEDNESDAY,
            WEDNESDAY | {"timeOfDay": ["09:00:00"]},
            "from {} to Wed at 09:00 for 60 minutes",
        ),
        (WEDNESDAY, WEDNESDAY | {"period": 2}, "from {0} to {0} every 2 weeks"),
        (
            WEEKLY | {"frequency": 3},
            WEEKLY | {"frequency": 2},
            "from for 60 minutes 3 times every week to for 60 minutes 2 times every week",
        ),
        (
            WEDNESDAY | {"boundsPeriod": {"start": "2026-03-02", "end": "2026-05-24"}},
            WEDNESDAY | {"boundsPeriod": {"start": "2026-03-02", "end": "2026-04-24"}},
            "from {0} from 2026-03-02 until 2026-05-24 to {0} from 2026-03-02 until 2026-04-24",
        ),
        (
            WEDNESDAY,
            WEDNESDAY | {"boundsDuration": WEEKS},
            "from {0} without an end to {0} for 6 weeks",
        ),
        (
            WEDNESDAY,
            WEDNESDAY | {"boundsRange": {"high": WEEKS}},
            "from {0} without an end to {0} for 6 weeks",
        ),
        (WEDNESDAY, WEDNESDAY | {"count": 4}, "from {0} without an end to {0}, 4 times"),
        (WEDNESDAY, WEDNESDAY, "{} as before"),
        (WEDNESDAY, None, "from {} to as needed"),
    ],
)
def test_whatever_changes_of_an_order_is_told(
    before: dict[str, Any], after: dict[str, Any] | None, told: str
) -> None:
    wednesday = "Wed at 19:00 for 60 minutes"

    found = Difference(order(before), order(after)).told

    assert found == f"Changed: Yoga, {told.format(wednesday)}."


def test_what_comes_and_goes_is_told_with_its_times() -> None:
    dates = order({"duration": 1, "durationUnit": "h"}, event=["2026-03-04T09:00:00Z"] * 2)

    assert Difference(None, order(WEDNESDAY)).told == "Added: Yoga, Wed at 19:00 for 60 minutes."
    assert Difference(dates, None).told == "Removed: Yoga, for 60 minutes on 1 date."
    assert Difference(None, order(None)).told == "Added: Yoga, as needed."
