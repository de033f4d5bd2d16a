"""A Consent is in force from the first to the last moment of its period, in the site's zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shared.care.consent import SCOPE, permits, turns

NEW_YORK = ZoneInfo("America/New_York")
JUST = timedelta(microseconds=1)


def consent(status: str = "active", **period: str) -> dict[str, Any]:
    told = {"coding": [{"system": SCOPE, "code": "treatment"}]}
    return {"status": status, "scope": told, "provision": {"period": period}}


@pytest.mark.parametrize(
    ("zone", "begins", "ends"),
    [
        (UTC, "2026-03-02T00:00:00+00:00", "2026-03-11T00:00:00+00:00"),
        # The clocks change between the two.
        (NEW_YORK, "2026-03-02T05:00:00+00:00", "2026-03-11T04:00:00+00:00"),
    ],
)
def test_it_turns_when_it_begins_and_when_its_last_day_is_over(
    zone: tzinfo, begins: str, ends: str
) -> None:
    told = consent(start="2026-03-02", end="2026-03-10")
    first, over = (datetime.fromisoformat(each).astimezone(zone) for each in (begins, ends))

    assert turns(told, first - JUST) == first
    assert turns(told, first) == over == turns(told, over - JUST)
    assert turns(told, over) is None
    known = [first - JUST, first, over - JUST, over]
    assert [permits(told, "treatment", each) for each in known] == [False, True, True, False]


def test_what_is_not_in_force_or_has_no_end_never_turns() -> None:
    now = datetime(2026, 3, 5, tzinfo=UTC)

    assert turns(consent(), now) is None
    assert turns({"status": "active"}, now) is None
    assert turns(consent("inactive", end="2026-03-10"), now) is None
    assert turns(consent(end="2026-03-10"), now) == datetime(2026, 3, 11, tzinfo=UTC)
    assert turns(consent(end="9999-12-31"), now) == datetime.max.replace(tzinfo=UTC)
