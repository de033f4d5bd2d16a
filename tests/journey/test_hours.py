"""The hours of a plan, week by week: planned, scheduled and delivered, by any policies."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.journey.participant import ACT_CODE
from tests.journey.planning import Planned, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs
    from tests.services.person import Resource

MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def http(stack: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.fhir, timeout=180, trust_env=False) as each:
        until(lambda: each.get("PlanDefinition/iop-adult").is_success)
        yield each


@pytest.fixture(scope="module")
def person(http: httpx.Client) -> Planned:
    return Planned(http)


@pytest.fixture(scope="module")
def plan(person: Planned) -> Resource:
    """An active plan, all of whose sessions are booked."""
    plan = person.activate(person.apply(practitioner=person.clinician))
    until(lambda: {each["status"] for each in person.all("ServiceRequest")} == {"active"})
    person.pass_time()
    return plan


@pytest.fixture(scope="module")
def sessions(person: Planned, plan: Resource) -> list[Resource]:
    """The sessions of the second week of the plan, a whole one."""
    monday = second_monday(plan)
    booked = person.all("Appointment", status="booked")
    within = [e for e in booked if monday <= e["start"][:10] < day_after(monday, 7)]
    return sorted(within, key=lambda each: str(each["start"]))


def second_monday(plan: Resource) -> str:
    start = date.fromisoformat(plan["period"]["start"])
    return (start + timedelta(days=7 - start.weekday())).isoformat()


def day_after(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


def told(person: Planned, plan: Resource, **query: Any) -> dict[str, Resource]:  # noqa: ANN401
    answer = person.http.get(f"CarePlan/{plan['id']}/$hours", params=query)
    assert answer.is_success, answer.text
    policies = [e["part"] for e in answer.json()["parameter"] if e["name"] == "policy"]
    return {value(parts, "name"): {"part": parts, "weeks": weeks(parts)} for parts in policies}


def value(parts: list[Resource], name: str) -> Any:  # noqa: ANN401
    [part] = [each for each in parts if each["name"] == name]
    return next(content for key, content in part.items() if key.startswith("value"))


def weeks(parts: list[Resource]) -> list[Resource]:
    """Read each week into plain values, and its days into pairs."""
    found = []
    for each in (part["part"] for part in parts if part["name"] == "week"):
        names = [part["name"] for part in each if "part" not in part]
        days = [part["part"] for part in each if part["name"] == "day"]
        week = {name: value(each, name) for name in names}
        found.append(week | {"days": [(value(d, "date"), value(d, "services")) for d in days]})
    return found


def minutes_of(session: Resource) -> int:
    length = datetime.fromisoformat(session["end"]) - datetime.fromisoformat(session["start"])
    return int(length / MINUTE)


def attend(
    person: Planned, session: Resource, late: int = 0, early: int = 0, **more: object
) -> None:
    start = datetime.fromisoformat(session["start"]) + MINUTE * late
    end = datetime.fromisoformat(session["end"]) - MINUTE * early
    person.put(
        {
            "resourceType": "Encounter",
            "id": f"v-{session['id']}",
            "status": "finished",
            "class": {"system": ACT_CODE, "code": "AMB"},
            "subject": person.reference,
            "appointment": [{"reference": f"Appointment/{session['id']}"}],
            "period": {"start": start.isoformat(), "end": end.isoformat()},
            **more,
        }
    )


def test_a_week_is_told_as_planned_scheduled_and_delivered(
    person: Planned, plan: Resource, sessions: list[Resource]
) -> None:
    monday = second_monday(plan)
    counted = [e for e in sessions if e["description"] not in {"Yoga", "Art therapy"}]
    first, second, third, *_ = [e for e in counted if e["description"] == "Group therapy"]
    too_early = person.write(third | {"status": "noshow"})
    assert too_early.status_code == 422
    [issue] = too_early.json()["issue"]
    assert issue["expression"] == ["Appointment.status"]
    person.waits_for(third)
    attend(person, first, late=20, early=5)
    start = datetime.fromisoformat(second["start"])
    pause = {"start": start.isoformat(), "end": (start + MINUTE * 15).isoformat()}
    attend(person, second, statusHistory=[{"status": "onleave", "period": pause}])
    attend(person, third)
    person.put(third | {"status": "noshow"})

    policies = told(person, plan, start=monday, end=day_after(monday, 6))

    [medicare] = policies["cfr-410.44c"]["weeks"]
    [general] = policies["iop-general"]["weeks"]
    assert (general["start"], general["end"]) == (monday, day_after(monday, 6))
    assert general["whole"] is True
    planned = sum(minutes_of(each) for each in sessions)
    assert general["plannedMinutes"] == planned
    assert general["scheduledMinutes"] == planned - minutes_of(third)
    assert general["deliveredMinutes"] == minutes_of(first) - 25 + minutes_of(second) - 15
    assert (medicare["result"], general["result"]) == ("met", "pending")
    assert medicare["plannedMinutes"] < planned
    assert medicare["days"] == [(each["start"][:10], 1) for each in (first, second)]


def test_any_set_of_policies_is_asked_at_once_over_any_weeks(
    person: Planned, plan: Resource
) -> None:
    first, last = plan["period"]["start"], plan["period"]["end"]
    names = ["asam-2.5", "asam-2.1-adolescent|1.0", "cfr-410.43c"]

    policies = told(person, plan, start=day_after(first, -7), end=last, policy=names)

    assert list(policies) == [*names[:1], "asam-2.1-adolescent", *names[2:]]
    days = date.fromisoformat(last) - date.fromisoformat(first)
    for each in policies.values():
        assert len(each["weeks"]) in {days.days // 7 + 2, days.days // 7 + 3}
        assert [each["weeks"][n]["plannedMinutes"] > 0 for n in (0, 3)] == [False, True]
    partial = policies["cfr-410.43c"]
    named = [part["valueDate"] for part in partial["part"] if part["name"] == "short"]
    assert named == [week["start"] for week in partial["weeks"] if week["result"] == "short"]
    assert len(named) == len(partial["weeks"])


def test_without_a_period_the_week_of_the_day_is_told(person: Planned, plan: Resource) -> None:
    policies = told(person, plan)

    assert list(policies) == [
        "cfr-410.44c",
        "iop-general",
        "asam-2.1-adult",
        "asam-2.1-adolescent",
    ]
    assert {len(each["weeks"]) for each in policies.values()} == {1}


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"policy": "mine"}, "policy must be one of"),
        ({"start": "2026-03-02", "end": "2026-03-01"}, "end must not be before start"),
        ({"start": "2026-03"}, "start must be a day"),
        ({"start": "1900-01-01"}, "106 weeks at once"),
        ({"start": "yesterday"}, "not a valid date"),
    ],
)
def test_what_cannot_be_told_is_refused(
    person: Planned, plan: Resource, query: dict[str, str], says: str
) -> None:
    answer = person.http.get(f"CarePlan/{plan['id']}/$hours", params=query)

    assert answer.status_code == 400
    assert says in answer.text
