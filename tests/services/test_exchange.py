"""What the three services do for one another, as separate processes, each effect once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.canonical import POLICY, code_system, profile
from tests.services.person import HIGH, MODERATE, Person

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs
    from tests.services.person import Resource


@pytest.fixture(scope="module")
def http(stack: Programs) -> Iterator[httpx.Client]:
    headers = {"X-Stepdown-Actor": "Practitioner/tester"}
    with httpx.Client(base_url=stack.fhir, headers=headers, timeout=180, trust_env=False) as each:
        yield each


@pytest.fixture
def person(http: httpx.Client) -> Person:
    return Person(http)


def is_overdue(task: Resource) -> bool:
    return bool(task.get("businessStatus", {}).get("text") == "overdue")


def escalations(person: Person) -> list[Resource]:
    return [task for task in person.found("Task") if "partOf" in task]


def alerts(person: Person) -> tuple[int, int]:
    reviews = person.found("Task", code=f"{code_system('task')}|safety-review")
    return len(person.found("Flag")), len(reviews)


def test_loading_history_starts_nothing(http: httpx.Client) -> None:
    person = Person(http, in_care=False)
    for resource in (person.stay(), person.risk(), person.clock(days=1)):
        person.put(resource)

    person.pass_time(timedelta(days=3))

    assert person.found("CarePlan") == []
    assert person.found("Flag") == []
    [task] = person.found("Task")
    assert "businessStatus" not in task


def test_a_stay_that_ends_prepares_one_draft_plan(person: Person) -> None:
    stay = person.put(person.stay())

    plan = person.comes("CarePlan")
    assert (plan["status"], plan["intent"]) == ("draft", "plan")
    assert plan["meta"]["profile"] == [profile("stepdown-careplan")]
    assert plan["supportingInfo"] == [{"reference": f"Encounter/{stay['id']}"}]
    [said] = person.told_of(plan)
    agent = said["agent"][0]["who"]
    assert agent["identifier"] == {
        "system": POLICY,
        "value": "draft-plan-after-inpatient-stay|1.0",
    }
    assert "reference" not in agent


def test_a_stay_written_often_still_has_one_plan_that_people_may_change(person: Person) -> None:
    person.put(person.stay("in-progress"))
    person.pass_time()
    assert person.found("CarePlan") == []

    person.put(person.stay())
    changed = person.put(person.comes("CarePlan") | {"title": "Hers"})
    for day in ("2026-03-02", "2026-03-03"):
        person.put(person.stay(period={"start": "2026-02-10", "end": day}))
    person.pass_time()

    assert person.found("CarePlan") == [changed]


def test_a_plan_that_was_deleted_does_not_come_back(person: Person) -> None:
    person.put(person.stay())
    plan = person.comes("CarePlan")
    [visit] = person.found("Appointment")
    for resource in (*person.told_of(plan), *person.told_of(visit), visit, plan):
        person.delete(resource)

    person.put(person.stay(period={"start": "2026-02-10", "end": "2026-03-02"}))
    person.pass_time()

    assert [person.found(each) for each in ("CarePlan", "Appointment")] == [[], []]


def test_each_stay_of_a_person_has_a_plan_of_its_own(person: Person) -> None:
    for stay, end in (("one", "2025-06-01"), ("one", "2025-06-02"), ("two", "2026-03-01")):
        period = {"start": "2025-05-20", "end": end}
        person.put(person.stay(id=f"{stay}-{person.id}", period=period))
    person.pass_time()

    stays = [plan["supportingInfo"][0]["reference"] for plan in person.found("CarePlan")]
    assert sorted(stays) == [f"Encounter/one-{person.id}", f"Encounter/two-{person.id}"]


@pytest.mark.parametrize("code", ["AMB", "EMER"])
def test_a_visit_prepares_no_plan(person: Person, code: str) -> None:
    person.put(person.stay(code=code))
    person.pass_time()

    assert person.found("CarePlan") == []


def test_a_high_suicide_risk_raises_one_flag_and_one_task(person: Person) -> None:
    person.put(person.risk())

    flag, task = person.comes("Flag"), person.comes("Task")
    assert flag["category"][0]["coding"][0]["code"] == "safety"
    assert (task["priority"], task["status"]) == ("stat", "requested")
    assert task["focus"] == {"reference": f"Observation/risk-{person.id}"}
    [said] = person.told_of(flag)
    targets = [target["reference"] for target in said["target"]]
    assert targets == [f"Flag/{flag['id']}", f"Task/{task['id']}"]


@pytest.mark.parametrize(
    "changes", [{"status": "preliminary"}, {"status": "entered-in-error"}, {"answer": MODERATE}]
)
def test_what_is_not_a_stated_high_risk_raises_nothing(
    person: Person, changes: dict[str, str]
) -> None:
    person.put(person.risk(**changes))
    person.pass_time()

    assert alerts(person) == (0, 0)


def test_an_alert_that_people_have_dealt_with_is_left_alone(person: Person) -> None:
    person.put(person.risk())
    done = [
        person.put(person.comes("Flag") | {"status": "inactive"}),
        person.put(person.comes("Task") | {"status": "completed"}),
    ]
    person.put(person.risk(status="amended", note=[{"text": "asked again"}]))
    person.pass_time()

    assert [*person.found("Flag"), *person.found("Task")] == done


def test_a_risk_that_turns_high_again_raises_a_new_alert(person: Person) -> None:
    for answer, expected in ((HIGH, 1), (MODERATE, 1), (HIGH, 2)):
        person.put(person.risk(answer, status="corrected"))
        person.pass_time()
        assert alerts(person) == (expected, expected)


def test_a_risk_that_was_recorded_of_somebody_else_alerts_for_the_right_person(
    http: httpx.Client, person: Person
) -> None:
    other = Person(http)
    risk = person.put(person.risk())
    other.put(risk | {"status": "corrected", "subject": other.reference})
    other.pass_time()

    assert alerts(person) == alerts(other) == (1, 1)


def test_an_alert_arrives_once_although_intake_was_down(stack: Programs, person: Person) -> None:
    stack.kill("intake")
    person.put(person.risk(), base=stack.progress)
    person.put(person.risk(status="amended"), base=stack.progress)
    stack.start("intake")

    person.comes("Flag")
    person.pass_time()

    assert alerts(person) == (1, 1)


def test_a_plan_is_prepared_once_although_its_service_was_down(
    stack: Programs, person: Person
) -> None:
    stack.kill("plan")
    person.put(person.stay(), base=stack.intake)
    stack.start("plan")

    person.comes("CarePlan")


def test_a_clock_that_runs_out_is_overdue_and_escalated_once(person: Person) -> None:
    clock = person.put(person.clock(days=2))
    person.pass_time(timedelta(days=1))
    assert not is_overdue(person.read(clock))

    person.pass_time(timedelta(days=3))

    assert is_overdue(person.read(clock))
    [escalation] = escalations(person)
    assert escalation["partOf"] == [{"reference": f"Task/{clock['id']}"}]
    assert escalation["meta"]["profile"] == [profile("stepdown-task")]

    for rewritten in (person.read(clock) | {"description": "still nobody"}, clock):
        person.put(rewritten)
        person.pass_time(timedelta(days=3))
        assert is_overdue(person.read(clock))
        assert escalations(person) == [escalation]


def test_a_clock_that_was_met_never_runs_out(person: Person) -> None:
    clock = person.put(person.clock(days=2))
    person.pass_time()
    person.put(clock | {"status": "completed"})
    person.pass_time(timedelta(days=5))

    assert not is_overdue(person.read(clock))
    assert escalations(person) == []


def test_a_clock_that_got_more_time_waits_for_its_new_end(person: Person) -> None:
    clock = person.put(person.clock(days=2))
    person.pass_time()
    clock = person.put(person.clock(days=6))
    person.pass_time(timedelta(days=4))
    assert not is_overdue(person.read(clock))

    person.pass_time(timedelta(days=4))

    assert is_overdue(person.read(clock))
    assert len(escalations(person)) == 1


def test_a_clock_whose_window_has_passed_opens_overdue_and_escalates_nothing(
    person: Person,
) -> None:
    clock = person.put(person.clock(days=-1))
    person.pass_time()

    assert is_overdue(person.read(clock))
    assert escalations(person) == []


def test_a_clock_ends_with_the_episode(person: Person) -> None:
    clock = person.put(person.clock(days=2))
    person.pass_time()
    [episode] = person.found("EpisodeOfCare")
    person.put(episode | {"status": "finished"})
    person.pass_time(timedelta(days=5))

    assert not is_overdue(person.read(clock))
    assert escalations(person) == []


def test_writing_the_same_again_changes_nothing(person: Person) -> None:
    written = [person.stay(), person.risk(), person.clock(days=3)]
    for resource in written:
        person.put(resource)
    person.pass_time()
    types = ("Encounter", "Observation", "CarePlan", "Flag", "Task", "Provenance")
    before = [person.found(name) for name in types]

    for resource in written:
        person.put(resource)
    person.pass_time()

    assert [person.found(name) for name in types] == before
    # A high risk is a signal that the plan is to be looked at, which is an Observation too.
    assert [len(found) for found in before[:5]] == [1, 2, 1, 1, 2]
