"""What the hours of a plan do not count is listed, with the reason and what has no effect."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.plan_api.domain.hours import asked, report
from shared.care.hours_ledger import Ledger
from shared.care.weekly_hours import POLICIES
from shared.fhir.validation import validate

Resource = dict[str, Any]
PERIOD = {"start": "2026-03-02", "end": "2026-05-31"}
LASTS = {"duration": 60, "durationUnit": "min"}
WEEKLY = {"frequency": 2, "period": 1, "periodUnit": "wk", **LASTS}
TIMED = WEEKLY | {"dayOfWeek": ["mon", "wed"], "timeOfDay": ["09:00:00"]}


def order(repeat: Resource | None = None, **changes: object) -> Resource:
    timing = {} if repeat is None else {"occurrenceTiming": {"repeat": repeat}}
    return {"resourceType": "ServiceRequest", "id": "o", "status": "active", **timing, **changes}


def told(*orders: Resource, **plan: object) -> list[tuple[str, list[str]]]:
    """Say of each limitation how it is counted and what has no effect."""
    ledger = Ledger({"id": "plan", "period": PERIOD, **plan}, orders, {}, {}, [], UTC)
    day = date(2026, 3, 4)
    answer = report(
        ledger, asked(day, (None, None), POLICIES[:1]), datetime(2026, 3, 4, tzinfo=UTC)
    )
    assert validate(answer) == []
    found = [each["part"] for each in answer["parameter"] if each["name"] == "limitation"]
    assert all(any(part["name"] == "reason" for part in parts) for parts in found)
    return [
        (
            next(part["valueCode"] for part in parts if part["name"] == "counted"),
            [part["valueString"] for part in parts if part["name"] == "ignored"],
        )
        for parts in found
    ]


@pytest.mark.parametrize(
    "repeat",
    [
        TIMED,
        TIMED | {"frequency": 2, "count": 3},
        TIMED | {"boundsDuration": {"value": 2, "code": "wk"}},
        TIMED | {"boundsRange": {"high": {"value": 2, "code": "wk"}}},
        {"period": 2, "periodUnit": "d", "timeOfDay": ["09:00:00"], **LASTS},
    ],
)
def test_what_is_counted_session_by_session_is_not_listed(repeat: Resource) -> None:
    assert told(order(repeat)) == []
    assert told(order(LASTS) | {"occurrenceTiming": event("2026-03-03T09:00:00Z")}) == []


def event(*times: str, **repeat: object) -> Resource:
    return {"event": list(times), "repeat": LASTS | repeat}


@pytest.mark.parametrize(
    ("repeat", "counted", "ignored"),
    [
        (WEEKLY, "mean", []),
        (WEEKLY | {"timeOfDay": ["09:00:00"]}, "mean", ["repeat.timeOfDay"]),
        (WEEKLY | {"dayOfWeek": ["mon"]}, "mean", ["repeat.dayOfWeek"]),
        (WEEKLY | {"when": ["MORN"], "offset": 10}, "mean", ["repeat.when", "repeat.offset"]),
        (WEEKLY | {"frequencyMax": 3}, "mean", ["repeat.frequencyMax"]),
        (TIMED | {"frequency": 3}, "sessions", ["repeat.frequency"]),
        (TIMED | {"periodMax": 2}, "sessions", ["repeat.periodMax"]),
        (TIMED | {"boundsDuration": {"unit": "weeks"}}, "sessions", ["repeat.boundsDuration"]),
        (
            TIMED | {"boundsRange": {"low": {"value": 1, "code": "wk"}}},
            "sessions",
            ["repeat.boundsRange"],
        ),
        (TIMED | {"duration": 25, "durationUnit": "h"}, "not", []),
        (LASTS, "not", []),
        ({"frequency": 2, "period": 1, "periodUnit": "wk"}, "not", []),
    ],
)
def test_what_has_no_effect_is_named(repeat: Resource, counted: str, ignored: list[str]) -> None:
    assert told(order(repeat)) == [(counted, ignored)]


@pytest.mark.parametrize(
    "changes",
    [
        {"asNeededBoolean": True, "occurrenceTiming": {"repeat": TIMED}},
        {"asNeededCodeableConcept": {"text": "when sad"}, "occurrenceTiming": {"repeat": TIMED}},
        {"occurrenceDateTime": "2026-03-04T09:00:00Z"},
        {"occurrenceTiming": {"code": {"text": "BID"}}},
        {"occurrenceTiming": event("2026-03-04")},
    ],
)
def test_an_order_that_is_not_counted_is_told(changes: Resource) -> None:
    assert told(order(**changes)) == [("not", [])]
    assert told(order(**changes, status="revoked")) == []


def test_an_event_beside_what_comes_again_has_no_effect() -> None:
    timing = {"event": ["2026-03-03T09:00:00Z"], "repeat": TIMED}

    assert told(order(occurrenceTiming=timing)) == [("sessions", ["event"])]


def test_an_activity_that_stands_in_the_plan_itself_is_told() -> None:
    inside = {"status": "scheduled", "scheduledTiming": {"repeat": TIMED}}
    homework = {"status": "scheduled", "description": "A walk"}

    assert told(activity=[{"detail": homework}, {"detail": inside}]) == [("not", [])]
    assert told(activity=[{"detail": homework}]) == []
