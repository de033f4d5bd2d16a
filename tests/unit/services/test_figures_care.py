"""What was delivered and what measures came to is counted from visits and scores."""

from __future__ import annotations

from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from services.progress_api.domain.figures.evidence import Evidence
from services.progress_api.domain.figures.period import Days
from services.progress_api.domain.figures.report import FIGURES
from shared.care.canonical import CANONICAL, code_system

Resource = dict[str, Any]
# The clocks go forward on the 8th of March.
ZONE: Final = ZoneInfo("America/New_York")
MARCH: Final = Days(date(2026, 3, 1), date(2026, 3, 31), ZONE)
GROUP: Final = {
    "resourceType": "ServiceRequest",
    "id": "group",
    "instantiatesCanonical": [f"{CANONICAL}/ActivityDefinition/group-therapy|1.0"],
}
TMS: Final = {
    "resourceType": "ServiceRequest",
    "id": "tms",
    "instantiatesCanonical": [f"{CANONICAL}/ActivityDefinition/tms|1.0"],
}


def visit(
    number: int, start: str, end: str, *, patient: str = "p", order: str = "group"
) -> Resource:
    return {
        "resourceType": "Encounter",
        "id": f"v{number}",
        "status": "finished",
        "class": {"code": "AMB"},
        "subject": {"reference": f"Patient/{patient}"},
        "basedOn": [{"reference": f"ServiceRequest/{order}"}],
        "appointment": [{"reference": f"Appointment/a{number}"}],
        "period": {"start": start, "end": end},
    }


def evidence(**told: Any) -> Evidence:  # noqa: ANN401
    known: dict[str, Any] = dict.fromkeys(
        ("episodes", "referrals", "clocks", "handoffs", "appointments", "scores", "plans"), ()
    )
    orders = {each["id"]: each for each in (GROUP, TMS)}
    return Evidence(**(known | {"orders": orders, "encounters": {}, "bases": ()} | told))


def delivered(days: Days, *visits: Resource, **told: Any) -> tuple[str, list[str]]:  # noqa: ANN401
    encounters = {each["id"]: each for each in visits}
    [_, group] = FIGURES["hours"](evidence(encounters=encounters, **told), days).groups
    return str(group.score), [e.partition("/")[2] for e in group.populations[0].members]


def test_hours_delivered_are_those_attended_in_the_weeks_that_begin_in_the_period() -> None:
    told = (
        visit(1, "2026-03-01T15:00:00-05:00", "2026-03-01T18:00:00-05:00"),
        visit(2, "2026-03-02T00:00:00-05:00", "2026-03-02T01:30:00-05:00"),
        # Of the week that begins on Monday the 30th, also what is in April.
        visit(3, "2026-04-05T23:00:00-04:00", "2026-04-06T01:00:00-04:00"),
        visit(4, "2026-04-06T09:00:00-04:00", "2026-04-06T10:00:00-04:00"),
    )
    assert delivered(MARCH, *told) == ("2.50", ["v2", "v3"])


def test_overlapping_visits_of_one_person_count_once() -> None:
    morning = ("2026-03-03T09:00:00-05:00", "2026-03-03T11:00:00-05:00")
    one, other = visit(1, *morning), visit(2, *morning)
    assert delivered(MARCH, one, other) == ("2.00", ["v1", "v2"])
    other = visit(2, *morning, patient="q")
    assert delivered(MARCH, one, other) == ("4.00", ["v1", "v2"])
    assert delivered(MARCH, one, other, persons={"q": "p", "p": "p"}) == ("2.00", ["v1", "v2"])


def test_only_what_the_policy_counts_and_was_attended_is_delivered() -> None:
    hour = ("2026-03-03T09:00:00-05:00", "2026-03-03T10:00:00-05:00")
    assert delivered(MARCH, visit(1, *hour, order="tms")) == ("0.00", [])
    assert delivered(MARCH, visit(1, *hour) | {"status": "in-progress"}) == ("0.00", [])
    missed = {"resourceType": "Appointment", "id": "a1", "status": "noshow"}
    assert delivered(MARCH, visit(1, *hour), appointments=[missed]) == ("0.00", [])
    late = {"id": "a1", "status": "fulfilled", "start": hour[0], "end": "2026-03-03T09:30:00-05:00"}
    assert delivered(MARCH, visit(1, *hour), appointments=[late]) == ("0.50", ["v1"])


def phq_9(number: int, day: str, value: int, patient: str = "p", **more: object) -> Resource:
    method = {"system": code_system("instrument"), "code": "phq-9", "version": "1.0"}
    return {
        "resourceType": "Observation",
        "id": f"o{number}",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "44261-6"}]},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": day,
        "method": {"coding": [method]},
        "valueQuantity": {"value": value},
    } | more


def episode(patient: str, start: str) -> Resource:
    return {
        "resourceType": "EpisodeOfCare",
        "id": f"{patient}-{start}",
        "status": "active",
        "patient": {"reference": f"Patient/{patient}"},
        "period": {"start": start},
    }


def reached(*scores: Resource, days: Days = MARCH, **told: Any) -> list[list[str]]:  # noqa: ANN401
    """Give who has a classified change, a response, and a remission."""
    known = {"episodes": [episode("p", "2026-02-20"), episode("q", "2026-02-20")]} | told
    groups = {e.code: e for e in FIGURES["outcome"](evidence(scores=scores, **known), days).groups}
    of = [groups[f"phq-9-change-{name}"].populations for name in ("response", "remission")]
    return [[m.partition("/")[2] for m in each.members] for each in (*of[0], of[1][1])]


@pytest.mark.parametrize(
    ("before", "after", "response", "remission"),
    [(20, 11, [], []), (20, 10, ["o2"], []), (20, 4, ["o2"], ["o2"]), (6, 4, [], ["o2"])],
)
def test_response_is_half_of_the_baseline_and_remission_is_below_its_line(
    before: int,
    after: int,
    response: list[str],
    remission: list[str],
) -> None:
    told = (phq_9(1, "2026-02-21", before), phq_9(2, "2026-03-31T23:59:00-04:00", after))
    assert reached(*told) == [["o2"], response, remission]


def test_the_latest_score_of_the_period_tells() -> None:
    first, well, ill = (
        phq_9(1, "2026-02-21", 20),
        phq_9(2, "2026-03-10", 3),
        phq_9(3, "2026-03-20", 19),
    )
    assert reached(first, well, ill) == [["o3"], [], []]
    until = Days(date(2026, 3, 1), date(2026, 3, 19), ZONE)
    assert reached(first, well, ill, days=until) == [["o2"], ["o2"], ["o2"]]
    assert reached(first, well, ill | {"status": "entered-in-error"}) == [["o2"], ["o2"], ["o2"]]
    assert reached(first) == [[], [], []]


def test_each_person_has_a_baseline_of_their_own() -> None:
    told = (
        phq_9(1, "2026-02-21", 20),
        phq_9(2, "2026-02-21", 8, "q"),
        phq_9(3, "2026-03-10", 7),
        phq_9(4, "2026-03-10", 7, "q"),
    )
    assert reached(*told) == [["o3", "o4"], ["o3"], []]
    whole = reached(*told[:3], persons={"q": "p", "p": "p"})
    assert whole == [["o3"], ["o3"], []]


def test_a_later_admission_has_another_baseline_and_leaves_the_earlier_its_own() -> None:
    told = (phq_9(1, "2026-02-21", 20), phq_9(2, "2026-03-10", 9), phq_9(3, "2026-06-02", 9))
    both = [episode("p", "2026-02-20"), episode("p", "2026-06-01")]
    assert reached(*told, phq_9(4, "2026-06-09", 8), episodes=both) == [["o2"], ["o2"], []]
    june = Days(date(2026, 6, 1), date(2026, 6, 30), ZONE)
    assert reached(*told, phq_9(4, "2026-06-09", 8), episodes=both, days=june) == [["o4"], [], []]


def test_who_left_at_the_end_of_a_month_left_in_that_month_alone() -> None:
    stay = episode("p", "2026-02-02") | {"status": "finished"}
    months = [
        Days(date(2026, 2, 1), date(2026, 2, 28), ZONE),
        MARCH,
        Days(date(2026, 4, 1), date(2026, 4, 30), ZONE),
    ]
    for end in ("2026-03-31", "2026-03-31T23:59:59-04:00", "2026-03-01T00:00:01-05:00"):
        told = evidence(episodes=[stay | {"period": {"start": "2026-02-02", "end": end}}])
        left = [FIGURES["census"](told, days).groups[3].populations[0].members for days in months]
        assert [len(each) for each in left] == [0, 1, 0]


@pytest.mark.parametrize(("discharged", "month"), [("2026-03-31", 3), ("2026-04-01", 4)])
def test_a_discharge_belongs_to_the_month_of_its_own_day(discharged: str, month: int) -> None:
    first = date.fromisoformat(discharged).toordinal() + 1
    period = {n: date.fromordinal(first + d).isoformat() for n, d in (("start", 0), ("end", 29))}
    clock = {
        "resourceType": "Task",
        "id": "c",
        "status": "requested",
        "code": {"coding": [{"system": code_system("clock"), "code": "follow-up-30d"}]},
        "restriction": {"period": period},
    }
    april = Days(date(2026, 4, 1), date(2026, 4, 30), ZONE)
    told = evidence(clocks=[clock])
    for number, days in ((3, MARCH), (4, april)):
        [group] = FIGURES["first-visit"](told, days).groups
        assert len(group.populations[0].members) == (number == month)


def test_a_referral_that_is_late_stands_where_it_stood() -> None:
    late = {"system": code_system("clock"), "code": "overdue"}
    task = {
        "resourceType": "Task",
        "status": "requested",
        "authoredOn": "2026-03-02",
    }
    created = {"system": "http://hl7.org/fhir/us/bser/CodeSystem/task-status", "code": "2.0"}
    told = [
        task | {"id": "plain", "businessStatus": {"coding": [late]}},
        task | {"id": "tracked", "businessStatus": {"coding": [created, late]}},
    ]
    [group] = FIGURES["referrals"](evidence(referrals=told), MARCH).groups
    assert group.strata["state"] == {"2.0": ("Task/tracked",), "requested": ("Task/plain",)}
