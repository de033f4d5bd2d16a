"""By when a plan in force is reviewed and certified, whatever it says itself."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from jiter import LosslessFloat

from services.plan_api.domain.periodic_review import INTERVAL, Reviewed, to_come
from tests.unit.services.test_applied_plan import applied

[PLAN] = applied()["CarePlan"]
TODAY, AT = date(2026, 3, 2), "2026-03-02T12:00:00.000Z"


def last_days(interval: dict[str, Any] | None) -> dict[str, str]:
    """The last day of each Task that a plan needs which says such an interval."""
    others = [each for each in PLAN["extension"] if each["url"] != INTERVAL]
    said = [] if interval is None else [{"url": INTERVAL, "valueDuration": interval}]
    plan = PLAN | {"status": "active", "extension": [*others, *said]}
    tasks = to_come(Reviewed(plan, [], TODAY, AT))
    return {t["code"]["coding"][0]["code"]: t["restriction"]["period"]["end"] for t in tasks}


@pytest.mark.parametrize(
    ("interval", "last"),
    [
        (None, "2026-05-01"),
        ({"value": 30, "code": "d"}, "2026-04-01"),
        ({"value": 4, "code": "wk"}, "2026-03-30"),
        ({"value": 1, "code": "mo"}, "2026-04-01"),
        ({"value": 90, "code": "d"}, "2026-05-01"),
        ({"value": 1, "code": "a"}, "2026-05-01"),
        ({"value": 0, "code": "d"}, "2026-03-03"),
        ({"value": LosslessFloat(b"9.9e308"), "code": "d"}, "2026-05-01"),
        ({"unit": "days", "code": "d"}, "2026-05-01"),
    ],
)
def test_a_plan_is_reviewed_sooner_where_it_says_so_and_never_later(
    interval: dict[str, Any] | None, last: str
) -> None:
    assert last_days(interval) == {"periodic-review": last, "certification": "2026-05-01"}
