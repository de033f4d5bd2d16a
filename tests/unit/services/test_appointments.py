"""Which appointments a plan wants, which are missing, and which can be called off."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.plan_api.domain import activation, appointments
from services.plan_api.domain.appointments import Week
from shared.care.appointment import LAWS
from shared.care.law import CareChange
from shared.fhir.validation import validate
from tests.unit.services.test_applied_plan import application, applied

APPLIED = applied(application(practitioner="Practitioner/b"))
PLAN = APPLIED["CarePlan"][0]
ORDERS = APPLIED["ServiceRequest"]
WEEK = Week(PLAN, "Organization/o", ZoneInfo("America/New_York"))
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def named(text: str) -> dict[str, Any]:
    return next(each for each in ORDERS if each["code"]["text"] == text)


def one_of(order: dict[str, Any], week: Week = WEEK) -> dict[str, Any]:
    return next(iter(appointments.wanted(week, [order]).values()))


def test_every_appointment_is_valid_lawful_and_of_one_person() -> None:
    wanted = appointments.wanted(WEEK, ORDERS)

    assert len(wanted) == 12 * 16 + 6 + 6 + 3
    for each in wanted.values():
        assert validate(each) == []
        change = CareChange(None, each, NOON)
        assert [issue for law in LAWS for issue in law.rule(change, ())] == []
        actors = [one["actor"]["reference"] for one in each["participant"]]
        assert actors == ["Patient/p", "Practitioner/b"]


def test_an_order_that_does_not_go_on_wants_none() -> None:
    therapy = named("Group therapy")

    assert appointments.wanted(WEEK, [therapy | {"status": "active"}])
    for status in ("revoked", "completed", "on-hold", "entered-in-error"):
        assert appointments.wanted(WEEK, [therapy | {"status": status}]) == {}
    as_needed = {name: value for name, value in therapy.items() if name != "occurrenceTiming"}
    assert appointments.wanted(WEEK, [as_needed | {"asNeededBoolean": True}]) == {}


def test_people_of_one_programme_service_and_start_share_the_session() -> None:
    therapy = named("Group therapy")
    hers = Week(PLAN | {"id": "hers"}, "Organization/o", WEEK.zone)
    elsewhere = Week(PLAN, "Organization/x", WEEK.zone)
    mine = one_of(therapy)

    assert one_of(therapy | {"id": "another"}, hers)["identifier"] == mine["identifier"]
    assert one_of(therapy, elsewhere)["identifier"] != mine["identifier"]
    assert one_of(therapy | {"id": "another"})["id"] != mine["id"]
    assert mine["identifier"][0]["value"] == "Organization/o|group-therapy|2026-03-02T09:00:00"
    assert "identifier" not in one_of(named("Individual therapy"))


def test_a_group_of_a_service_without_a_code_of_ours_goes_by_its_name() -> None:
    bare = named("Group therapy") | {"code": {"text": "Choir"}}
    nameless = {name: value for name, value in bare.items() if name != "code"}

    assert one_of(bare)["identifier"][0]["value"].startswith("Organization/o|Choir|")
    assert "serviceType" not in one_of(nameless)
    assert one_of(nameless)["description"] == "Activity"


def test_a_performer_that_cannot_take_part_is_left_out() -> None:
    by_team = named("Yoga") | {"performer": [{"reference": "CareTeam/t"}, {"display": "her"}]}

    assert len(one_of(by_team)["participant"]) == 1


def test_only_what_is_to_come_and_unknown_is_missing() -> None:
    wanted = appointments.wanted(WEEK, ORDERS)
    known = {next(iter(wanted))}

    missing = appointments.missing(wanted, known, NOON)

    assert {each["id"] for each in missing} < wanted.keys() - known
    assert min(each["start"] for each in missing) == "2026-03-04T09:00:00-05:00"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"status": "pending"}, True),
        ({"status": "fulfilled"}, False),
        ({"status": "arrived"}, False),
        ({"status": "cancelled"}, False),
        ({"start": "2026-03-04T11:00:00Z"}, False),
        ({"start": None}, False),
        ({"supportingInformation": []}, False),
        ({"supportingInformation": [{"reference": "CarePlan/other"}]}, False),
    ],
)
def test_what_was_made_for_a_plan_and_is_to_come_can_be_called_off(
    changes: dict[str, Any], *, expected: bool
) -> None:
    appointment = one_of(named("Yoga")) | changes

    assert appointments.can_be_called_off(appointment, PLAN, NOON) == expected


def test_what_is_called_off_says_why_and_stays_valid() -> None:
    cancelled = appointments.cancelled(one_of(named("Yoga")))

    assert cancelled["status"] == "cancelled"
    assert cancelled["cancelationReason"]["text"]
    assert validate(cancelled) == []


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"resourceType": "Goal", "lifecycleStatus": "proposed"}, "active"),
        ({"resourceType": "Goal", "lifecycleStatus": "accepted"}, "active"),
        ({"resourceType": "Goal", "lifecycleStatus": "completed"}, None),
        ({"resourceType": "CareTeam", "status": "proposed"}, "active"),
        ({"resourceType": "CareTeam", "status": "inactive"}, None),
        ({"resourceType": "CareTeam"}, None),
    ],
)
def test_what_waits_for_its_plan_comes_into_force_with_it(
    part: dict[str, str], expected: str | None
) -> None:
    found = activation.in_force(part)

    assert (found and (found.get("lifecycleStatus") or found.get("status"))) == expected


@pytest.mark.parametrize("status", ["draft", "active", "on-hold", "unknown"])
def test_a_plan_that_may_go_on_is_not_over(status: str) -> None:
    assert not activation.is_over({"status": status})
    assert activation.is_over({"status": "revoked"})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"status": "waitlist"}, True),
        ({"status": "cancelled"}, False),
        ({"status": "fulfilled"}, False),
    ],
)
def test_a_session_to_come_with_another_cohort_is_met_with_the_persons_own(
    changes: dict[str, Any], *, expected: bool
) -> None:
    group = [named("Group therapy"), named("Individual therapy")]
    wanted = appointments.wanted(WEEK, group)
    elsewhere = appointments.wanted(Week(PLAN, "Organization/x", WEEK.zone), group)
    made = [each | changes for each in elsewhere.values()]

    found = appointments.of_another_cohort(wanted, made, NOON)
    to_come = appointments.missing(wanted, (), NOON)
    assert found == ([each for each in to_come if "identifier" in each] if expected else [])
    assert appointments.of_another_cohort(wanted, wanted.values(), NOON) == []
