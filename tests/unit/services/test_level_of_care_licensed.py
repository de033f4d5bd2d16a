"""Levels that licensed tools came to: evidence of criteria, compared with the hours planned."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from services.intake_api.domain.level_of_care.assessment import assess
from services.intake_api.domain.level_of_care.guidance import guidance
from shared.care.canonical import CANONICAL, code_system
from shared.care.law import NOTHING_FOUND, CareChange
from shared.care.licensed_level import TOOLS, known_level
from shared.fhir.validation import validate
from tests.unit.services.level_of_care import (
    NOW,
    REGULATION,
    assessed,
    concept,
    evidence,
    observation,
    value_of,
)

if TYPE_CHECKING:
    from services.intake_api.domain.level_of_care.evidence import Evidence
    from services.intake_api.domain.level_of_care.kleene import Truth

BY = [{"reference": "Practitioner/7"}]


def result(level: str, edition: str = "3", tool: str = "asam-level", **others: object) -> Evidence:
    coding = {"system": code_system(tool), "version": edition, "code": level}
    told = {"valueCodeableConcept": {"coding": [coding]}, "performer": BY, **others}
    return observation(f"{tool}-{level}", concept(code_system("licensed-level"), tool), **told)


def orders(hours: int, service: str = "group-therapy", **others: object) -> Evidence:
    """An order for so many hours a week, in sessions of one hour."""
    repeat = {"frequency": hours, "period": 1, "periodUnit": "wk", "duration": 1}
    told = {
        "status": "active",
        "instantiatesCanonical": [f"{CANONICAL}/ActivityDefinition/{service}"],
        "occurrenceTiming": {"repeat": repeat | {"durationUnit": "h"}},
        **others,
    }
    return evidence("ServiceRequest", f"order-{service}", **told)


def born(day: str) -> Evidence:
    return evidence("Patient", "p1", birthDate=day)


def consistency(*pool: Evidence) -> dict[str, Any]:
    [told] = assessed(*pool).consistency
    return {each["name"]: each.get("valueCode", each.get("valueString")) for each in told["part"]}


@pytest.mark.parametrize(
    ("piece", "more_than_outpatient", "around_the_clock"),
    [
        (result("2.1"), True, None),
        (result("2.1", "4"), True, None),
        (result("2.5", "4"), True, None),
        (result("3.5"), True, True),
        (result("4"), True, True),
        (result("1"), None, None),
        (result("0.5"), None, None),
        (result("3", "20", "locus-level"), True, None),
        (result("5", "20", "locus-level"), True, True),
        (result("2", "20", "calocus-level"), None, None),
        (result("2.1", status="preliminary"), None, None),
        (result("2.1", effectiveDateTime="2025-12-01"), None, None),
    ],
)
def test_a_licensed_level_is_evidence_of_named_criteria_and_never_against_one(
    piece: Evidence, more_than_outpatient: Truth, around_the_clock: Truth
) -> None:
    assert value_of("IND-STEPUP", piece).value is more_than_outpatient
    assert value_of("EXC-24H", piece).value is around_the_clock


@pytest.mark.parametrize(
    ("pool", "fits"),
    [
        # Without an age the hours for adults and for adolescents must agree.
        ([orders(9)], "true"),
        ([orders(6)], "unknown"),
        ([orders(9), born("1990-01-01")], "true"),
        ([orders(19), born("1990-01-01")], "true"),
        ([orders(8), born("1990-01-01")], "false"),
        ([orders(20), born("1990-01-01")], "false"),
        ([orders(6), born("2010-01-01")], "true"),
        ([orders(5), born("2010-01-01")], "false"),
        ([orders(5)], "false"),
        ([orders(12), born("1990")], "true"),
        ([orders(12, "tms"), born("1990-01-01")], "unknown"),
        ([orders(12, status="completed"), born("1990-01-01")], "unknown"),
        ([born("1990-01-01")], "unknown"),
        ([], "unknown"),
    ],
)
def test_the_hours_planned_are_compared_with_those_of_the_level(
    pool: list[Evidence], fits: str
) -> None:
    assert consistency(result("2.1"), *pool)["consistent"] == fits


@pytest.mark.parametrize(("hours", "fits"), [(20, "true"), (19, "false")])
def test_a_higher_level_wants_more_hours(hours: int, fits: str) -> None:
    assert consistency(result("2.5", "4"), orders(hours))["consistent"] == fits


def test_a_level_without_hours_is_shown_and_not_compared() -> None:
    told = consistency(result("3", "20", "locus-level"), orders(12))

    assert (told["tool"], told["level"], told["edition"]) == ("locus-level", "3", "20")
    assert told["consistent"] == "unknown"


def test_the_trace_names_the_result_the_orders_and_the_policy_with_versions() -> None:
    told = assessed(result("2.1"), orders(10), born("1990-01-01"))
    [parts] = [each["part"] for each in told.consistency]
    cited = [e["valueReference"]["reference"] for e in parts if "valueReference" in e]
    written = guidance(told, "p1", "2026-03-10T12:00:00.000Z")

    assert cited == [
        "Observation/asam-level-2.1/_history/3",
        "ServiceRequest/order-group-therapy/_history/3",
    ]
    assert [e["valueString"] for e in parts if e["name"] == "policy"] == ["asam-2.1-adult|1.0"]
    assert validate(written) == []
    assert "asam-level 2.1, edition 3: the hours planned are those" in written["text"]["div"]


@pytest.mark.parametrize(
    ("pool", "value"),
    [
        ([orders(9)], True),
        ([orders(8)], None),
        ([orders(5), orders(4, "family-therapy")], True),
        ([orders(12, "yoga")], None),
        ([], None),
    ],
)
def test_nine_hours_in_the_plan_meet_the_regulation(pool: list[Evidence], value: Truth) -> None:
    [told] = [e for e in assess(REGULATION, pool, NOW).criteria if e.criterion == "SCH-03"]

    assert (told.value, len(told.pieces)) == (value, len(pool) if value else 0)


WEEK = {"frequency": 10, "period": 1, "periodUnit": "wk", "duration": 1, "durationUnit": "h"}
SESSION = {"duration": 3, "durationUnit": "h", "period": 1, "periodUnit": "wk"}
DAYS = SESSION | {"dayOfWeek": ["mon", "wed", "fri"], "timeOfDay": ["09:00:00"]}


def lasting(*, repeat: dict[str, Any] = WEEK, **bounds: object) -> Evidence:
    """An order for nine or ten hours a week that lasts so long."""
    return orders(0, occurrenceTiming={"repeat": repeat | bounds})


def plan(start: str | None, **elements: object) -> Evidence:
    """A plan that names the order, begun on a day."""
    named = [{"reference": {"reference": "ServiceRequest/order-group-therapy"}}]
    told = {"status": "active", "intent": "plan", "activity": named}
    period = {"start": start} if start else None
    return evidence("CarePlan", "plan", **(told | {"period": period} | elements))


WEEKS = {"value": 4, "unit": "weeks", "system": "http://unitsofmeasure.org", "code": "wk"}
FOUR_WEEKS = [
    lasting(boundsDuration=WEEKS),
    lasting(boundsRange={"high": WEEKS}),
    lasting(count=40),
    lasting(repeat=DAYS, count=12),
]


@pytest.mark.parametrize("order", FOUR_WEEKS)
@pytest.mark.parametrize(
    ("start", "fits", "value"), [("2026-02-16", "true", True), ("2026-02-09", "unknown", None)]
)
def test_an_order_lasts_as_long_as_it_says_since_its_plan_began(
    order: Evidence, start: str, fits: str, value: Truth
) -> None:
    told = consistency(result("2.1"), order, plan(start))
    [hours] = [
        e for e in assess(REGULATION, [order, plan(start)], NOW).criteria if e.criterion == "SCH-03"
    ]

    assert (told["consistent"], "limitation" in told) == (fits, False)
    assert hours.value is value
    cited = [piece.reference for piece in hours.pieces]
    assert cited == (["ServiceRequest/order-group-therapy", "CarePlan/plan"] if value else [])


@pytest.mark.parametrize("order", FOUR_WEEKS)
@pytest.mark.parametrize(
    "other",
    [
        plan(None),
        plan("2026-02-16", status="draft"),
        plan("2026-02-16", intent="proposal"),
        plan("2026-02-16", activity=[]),
    ],
)
def test_where_no_plan_tells_when_an_order_began_it_is_not_known(
    order: Evidence, other: Evidence
) -> None:
    [parts] = [e["part"] for e in assessed(result("2.1"), order, other).consistency]
    [limits] = [each["part"] for each in parts if each["name"] == "limitation"]
    versioned = {"reference": "ServiceRequest/order-group-therapy/_history/3"}

    assert {"name": "consistent", "valueCode": "unknown"} in parts
    assert limits[0] == {"name": "order", "valueReference": versioned}
    written = guidance(assessed(result("2.1"), order, other), "p1", "2026-03-10T12:00:00.000Z")
    assert validate(written) == []


@pytest.mark.parametrize(
    ("hours", "fits"), [(12, "unknown"), (9, "true"), (8, "unknown"), (20, "false")]
)
def test_it_does_not_matter_where_the_others_decide(hours: int, fits: str) -> None:
    endless = lasting(boundsDuration=WEEKS)
    others = orders(hours, "family-therapy")

    assert consistency(result("2.1"), endless, others, born("1990-01-01"))["consistent"] == fits


def test_an_order_that_says_itself_when_it_began_needs_no_plan() -> None:
    period = {"start": "2026-02-01", "end": "2026-03-09"}
    over, runs = (lasting(boundsPeriod=p) for p in (period, {"start": "2026-02-01"}))

    assert consistency(result("2.1"), over)["consistent"] == "unknown"
    assert "limitation" not in consistency(result("2.1"), over)
    assert consistency(result("2.1"), runs)["consistent"] == "true"


def refused(piece: Evidence, **changes: object) -> list[str]:
    change = CareChange(None, piece.content | changes, datetime(2026, 3, 10, tzinfo=UTC))
    return [str(each.diagnostics) for each in known_level(change, NOTHING_FOUND)]


@pytest.mark.parametrize(
    ("piece", "said"),
    [
        (result("9"), "Edition 3 has no such level; it has 0.5, 1, 2.1"),
        (result("1"), ""),
        (result("1", "4"), "Edition 4 has no such level"),
        (result("2.1", "2"), "The coding's version must be an edition of it: 3, 4."),
        (result("2.1", performer=[]), "Who came to this level must be told"),
        (result("2.1", valueCodeableConcept={"text": "2.1"}), "The level must be coded by "),
        (result("2.1", tool="other-level"), "There is no such licensed tool here; known are "),
        (result("9", status="preliminary"), ""),
        (observation("o", concept("http://loinc.org", "1-8")), ""),
    ],
)
def test_a_level_that_its_tool_does_not_have_is_refused(piece: Evidence, said: str) -> None:
    found = refused(piece)

    assert [each.startswith(said) for each in found] == [True] * bool(said)


def test_no_content_of_a_tool_is_here() -> None:
    assert {each.code for each in TOOLS} == {"asam-level", "locus-level", "calocus-level"}
    assert all(len(level) <= 3 for e in TOOLS for levels in e.editions.values() for level in levels)
