"""Where a plan and the record disagree, and how that is told once and ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from services.progress_api.domain.attendance.week import Week
from services.progress_api.domain.disagreement import issue
from services.progress_api.domain.disagreement.comparing import Known, disagreements
from shared.care.reconcile import reconciled

if TYPE_CHECKING:
    Resource = dict[str, Any]

WEEK = Week(date(2026, 3, 9))
DRUG = {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "36437"}]}
NOON = "2026-03-18T12:00:00Z"


def order(**repeat: object) -> Resource:
    told = {"frequency": 3, "period": 1, "periodUnit": "wk", "duration": 3, "durationUnit": "h"}
    bounds = {"boundsPeriod": {"start": "2026-03-02", "end": "2026-05-31"}}
    return {
        "resourceType": "ServiceRequest",
        "id": "group",
        "status": "active",
        "code": {"text": "Group therapy"},
        "occurrenceTiming": {"repeat": told | bounds | repeat},
    }


def goal(code: str, status: str = "active") -> Resource:
    measure = {"coding": [{"system": "http://loinc.org", "code": code}]}
    told = {"resourceType": "Goal", "id": "better", "lifecycleStatus": status}
    return told | {"target": [{"measure": measure}]}


EMPTY = Known({"id": "plan"}, (), (), {}, (), frozenset({"phq-9"}), frozenset(), WEEK, UTC)


def kinds(known: Known) -> list[str]:
    return [each.kind for each in disagreements(known)]


def test_an_order_of_which_nothing_was_booked_is_told() -> None:
    [found] = disagreements(replace(EMPTY, orders=(order(),)))
    assert (found.kind, found.about) == ("session-not-booked", "ServiceRequest/group")
    assert "Group therapy" in found.detail
    assert "2026-03-09 to 2026-03-15" in found.detail


@pytest.mark.parametrize(
    "known",
    [
        replace(EMPTY, orders=(order(),), held=frozenset({"group"})),
        replace(EMPTY, orders=(order(),), week=None),
        replace(EMPTY, orders=(order(boundsPeriod={"start": "2026-03-10"}),)),
        replace(EMPTY, orders=(order(period=2),)),
        replace(EMPTY, orders=(order(periodUnit="mo"),)),
        replace(EMPTY, orders=(order() | {"status": "revoked"},)),
        replace(EMPTY, orders=(order() | {"asNeededBoolean": True},)),
    ],
)
def test_what_was_not_to_be_held_all_week_is_not_missed(known: Known) -> None:
    assert disagreements(known) == []


@pytest.mark.parametrize(("zone", "told"), [("America/New_York", 1), ("UTC", 0)])
def test_a_week_s_days_are_those_of_its_own_zone(zone: str, told: int) -> None:
    late_on_monday = order(boundsPeriod={"start": "2026-03-09T23:30:00-04:00"})
    known = replace(EMPTY, orders=(late_on_monday,), zone=ZoneInfo(zone))
    assert kinds(known) == ["session-not-booked"] * told


@pytest.mark.parametrize(
    ("status", "told"),
    [(None, 1), ("active", 0), ("on-hold", 0), ("completed", 0), ("stopped", 1), ("cancelled", 1)],
)
def test_an_order_of_medication_is_looked_for(status: str | None, told: int) -> None:
    found = {"resourceType": "MedicationRequest", "status": status} if status else None
    known = replace(EMPTY, prescribed={"MedicationRequest/m": found})
    assert kinds(known) == ["medication-not-recorded"] * told


@pytest.mark.parametrize(
    ("kind", "status", "told"),
    [
        ("MedicationStatement", "active", 0),
        ("MedicationStatement", "not-taken", 1),
        ("MedicationRequest", "active", 0),
        ("MedicationRequest", "stopped", 1),
    ],
)
def test_a_medication_is_looked_for_by_its_code(kind: str, status: str, told: int) -> None:
    detail = {"kind": "MedicationRequest", "status": "in-progress"}
    plan = {"id": "plan", "activity": [{"detail": detail | {"productCodeableConcept": DRUG}}]}
    taken = {"resourceType": kind, "status": status, "medicationCodeableConcept": DRUG}
    known = replace(EMPTY, plan=plan, medications=(taken,))
    assert kinds(known) == ["medication-not-recorded"] * told


@pytest.mark.parametrize(
    ("code", "status", "told"),
    [
        ("44261-6", "active", 0),
        ("70274-6", "active", 1),
        ("70274-6", "completed", 0),
        ("8302-2", "active", 0),
    ],
)
def test_a_goal_that_nobody_measures_is_told(code: str, status: str, told: int) -> None:
    assert kinds(replace(EMPTY, goals=(goal(code, status),))) == ["goal-not-measured"] * told


def written(wanted: list[Resource], present: list[Resource], at: str = NOON) -> list[Resource]:
    now = {each["id"]: each for each in wanted}
    before: dict[str, Resource | None] = {each["id"]: each for each in present}
    return list(reconciled(now, before, issue.manner(at)).values())


def test_it_is_told_once_ends_and_begins_again() -> None:
    [found] = disagreements(replace(EMPTY, orders=(order(),)))
    first = issue.issue(found, {"id": "plan"}, "7", NOON)
    cited = [each["reference"] for each in first["implicated"]]
    assert cited == ["CarePlan/plan", "ServiceRequest/group"]
    assert written([first], []) == [first]
    assert written([first | {"identifiedDateTime": "later"}], [first]) == []
    [ended] = written([], [first])
    assert ended["mitigation"][0]["date"] == NOON
    assert written([], [ended]) == []
    assert written([first], [ended]) == [first | {"status": "amended"}]


def test_it_says_again_whose_it_is_where_nobody_is_named() -> None:
    [found] = disagreements(replace(EMPTY, orders=(order(),)))
    first = issue.issue(found, {"id": "plan"}, "7", NOON)
    nobody_s = {name: value for name, value in first.items() if name != "patient"}
    [again] = written([first], [nobody_s])
    assert again == first | {"status": "amended"}
    assert written([first], [again]) == []


def test_what_people_did_about_it_stands() -> None:
    [found] = disagreements(replace(EMPTY, orders=(order(),)))
    first = issue.issue(found, {"id": "plan"}, "7", NOON)
    done = first | {"mitigation": [{"action": {"text": "The group was moved."}}]}
    assert written([first], [done]) == written([], [done]) == []
