"""What people read of a plan's week."""

from __future__ import annotations

from typing import Any

import pytest

from services.plan_api.domain.narrative import narrative, title_of


def order(text: str = "Yoga", **repeat: object) -> dict[str, Any]:
    return {"code": {"text": text}, "occurrenceTiming": {"repeat": repeat}}


@pytest.mark.parametrize(
    ("repeat", "told"),
    [
        ({"period": 1, "periodUnit": "wk"}, "every week"),
        ({"period": 2, "periodUnit": "wk"}, "every 2 weeks"),
        ({"periodUnit": "d"}, "every day"),
        ({"period": 1, "periodUnit": "mo"}, "every month"),
        ({"period": 1, "periodUnit": "wk", "frequency": 3}, "3 times every week"),
        ({"period": 1, "periodUnit": "wk", "frequency": 1, "dayOfWeek": ["mon"]}, "every week"),
        ({}, "as needed"),
    ],
)
def test_the_week_says_how_often(repeat: dict[str, Any], told: str) -> None:
    assert f"<td>{told}</td>" in narrative(["A plan."], [order(**repeat)])["div"]


def test_the_week_goes_from_its_first_day_to_its_last() -> None:
    late = order("Late", dayOfWeek=["mon"], timeOfDay=["13:00:00"])
    week = [order("Any"), order("Friday", dayOfWeek=["fri", "thu"]), late]
    early = order("Early", dayOfWeek=["fri", "mon"], timeOfDay=["09:00:00"])

    text = narrative([], [*week, early])["div"]

    assert sorted(("Any", "Friday", "Late", "Early"), key=text.index) == [
        "Early",
        "Late",
        "Friday",
        "Any",
    ]


def test_a_plan_without_orders_has_no_table() -> None:
    assert "table" not in narrative(["A plan."])["div"]
    assert "table" in narrative(["A plan."], [order()])["div"]


def test_an_order_is_named_by_its_text_or_its_code() -> None:
    assert title_of({"code": {"coding": [{"code": "x"}, {"display": "Walk"}]}}) == "Walk"
    assert title_of({"code": {"coding": [{"code": "x"}]}}) == "Activity"
    assert title_of({}) == "Activity"
