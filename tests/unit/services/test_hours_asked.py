"""Hours are short by the policy of the person's own programme."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

import pytest

from services.progress_api.domain.attendance.observations import PersonsWeek, delivered_hours
from services.progress_api.domain.attendance.week import Week
from services.progress_api.domain.early_warning.policy import hours_policy
from services.progress_api.domain.early_warning.signals import signals
from services.progress_api.domain.early_warning.stated import stated
from services.progress_api.domain.no_show.history import History
from shared.care.required_hours import HOURS_POLICY
from shared.fhir.dates import local_day

if TYPE_CHECKING:
    Resource = dict[str, Any]

NOBODY = History(sessions=(), attempts=(), breaks=(), booked=(), zone=UTC)
ADULT = ("cfr-410.44c", "iop-general", "asam-2.1-adult")
YOUNG = ("asam-2.1-adolescent",)


def plan(*names: str) -> Resource:
    parts = ({"extension": [{"url": "policy", "valueString": each}]} for each in names)
    return {"extension": [{"url": HOURS_POLICY} | each for each in parts]}


def week(monday: str, hours: float) -> Resource:
    """A week that is written down, of which all hours count for every policy."""
    whose = PersonsWeek("7", Week(local_day(monday, UTC)), is_closed=True)
    told = delivered_hours(whose, (), UTC)
    for each in told["component"]:
        each["valueQuantity"]["value"] = hours
    return told


@pytest.mark.parametrize(
    ("names", "age", "chosen"),
    [
        ((), 30, "iop-general"),
        (ADULT, 30, "iop-general"),
        (("cfr-410.44c", "asam-2.1-adult"), 30, "asam-2.1-adult"),
        (("cfr-410.44c",), 30, "iop-general"),
        (YOUNG, 16, "asam-2.1-adolescent"),
        (YOUNG, 30, "iop-general"),
        (YOUNG, None, "asam-2.1-adolescent"),
    ],
)
def test_the_policy_is_the_plans_own(names: tuple[str, ...], age: int | None, chosen: str) -> None:
    assert hours_policy([plan(*names)], age).name == chosen


@pytest.mark.parametrize(
    ("names", "age", "hours", "found"),
    [
        (YOUNG, 16, 7, []),
        (YOUNG, 16, 5, ["hours-short"]),
        (ADULT, 30, 7, ["hours-short"]),
        (ADULT, 30, 12, []),
    ],
)
def test_two_weeks_are_short_by_that_policy(
    names: tuple[str, ...], age: int, hours: float, found: list[str]
) -> None:
    policy = hours_policy([plan(*names)], age)
    weeks = [week(each, hours) for each in ("2026-03-02", "2026-03-09")]
    told = [one for each in weeks if (one := stated(each, UTC, policy))]
    assert [each.reason for each in signals(told, NOBODY, policy)] == found
