"""What of a resource's dates can be searched."""

from __future__ import annotations

from typing import Any

import pytest

from shared.fhir.dates import MAX_TIME, MIN_TIME, date_range
from shared.fhir.search.index import index
from shared.fhir.search.parameters import served_parameters

Limits = tuple[str | None, str | None]


def dates(resource_type: str, code: str, members: dict[str, Any]) -> list[tuple[int, int]]:
    parameter = served_parameters(resource_type)[code]
    found = index({"resourceType": resource_type, "id": "x", **members})
    if parameter.is_main_date:
        return [] if found.main == (MIN_TIME, MIN_TIME) else [found.main]
    return [(low, high) for param, low, high in found.dates if param == parameter.number]


def outer(limits: Limits) -> tuple[int, int]:
    """Begin where the first text does and end where the second does; None is open."""
    low, high = limits
    return (
        MIN_TIME if low is None else date_range(low)[0],
        MAX_TIME if high is None else date_range(high)[1],
    )


@pytest.mark.parametrize(
    ("members", "found"),
    [
        ({"effectiveDateTime": "2026-03"}, [("2026-03", "2026-03")]),
        ({"effectiveInstant": "2026-03-01T09:00:00Z"}, [("2026-03-01T09:00:00Z",) * 2]),
        ({"effectivePeriod": {"start": "2026"}}, [("2026", None)]),
        ({"effectivePeriod": {"end": "2026"}}, [(None, "2026")]),
        ({"effectivePeriod": {"start": "2026", "end": "2026-02"}}, [("2026", "2026-02")]),
        ({"effectivePeriod": {"start": "2027", "end": "2026"}}, [("2026", "2027")]),
        ({"effectivePeriod": {"extension": []}}, []),
        ({"effectiveTiming": {"event": ["2026-02", "2025-01"]}}, [("2025-01", "2026-02")]),
        ({"effectiveTiming": {"event": [None, "2025"]}}, [("2025", "2025")]),
        ({"effectiveTiming": {"repeat": {"boundsPeriod": {"start": "2026"}}}}, [("2026", None)]),
        ({"effectiveTiming": {"code": {"text": "daily"}}}, []),
        ({}, []),
    ],
)
def test_the_main_date_is_its_outer_range(members: dict[str, Any], found: list[Limits]) -> None:
    assert dates("Observation", "date", members) == [outer(each) for each in found]


@pytest.mark.parametrize(
    ("resource_type", "code", "members", "found"),
    [
        ("Patient", "death-date", {"deceasedDateTime": "2026"}, [("2026", "2026")]),
        ("Procedure", "date", {"performedString": "2026"}, []),
        (
            "Encounter",
            "location-period",
            {"location": [{"period": {"start": "2025"}}, {"period": {"end": "2026"}}]},
            [("2025", None), (None, "2026")],
        ),
    ],
)
def test_other_dates_are_all_held(
    resource_type: str, code: str, members: dict[str, Any], found: list[Limits]
) -> None:
    assert dates(resource_type, code, members) == [outer(each) for each in found]


@pytest.mark.parametrize(
    ("resource_type", "code"),
    [
        ("Observation", "date"),
        ("Encounter", "date"),
        ("CarePlan", "date"),
        ("Patient", "birthdate"),
        ("Condition", "recorded-date"),
        ("MedicationRequest", "authoredon"),
        ("Task", "authored-on"),
        ("Slot", "start"),
    ],
)
def test_each_type_has_one_main_date(resource_type: str, code: str) -> None:
    served = served_parameters(resource_type)
    assert [each.code for each in served.values() if each.is_main_date] == [code]


def test_a_date_that_may_repeat_is_no_main_date() -> None:
    assert not any(each.is_main_date for each in served_parameters("Substance").values())
