"""Measures fall due each week of the programme, are answered or missed, and go on in aftercare."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.canonical import POLICY, code_system, profile
from tests.journey.participant import Participant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs
    from tests.services.person import Resource

WEEK = timedelta(days=7)


@pytest.fixture(scope="module")
def http(stack: Programs) -> Iterator[httpx.Client]:
    headers = {"X-Stepdown-Actor": "Practitioner/tester"}
    with httpx.Client(base_url=stack.fhir, headers=headers, timeout=180, trust_env=False) as each:
        yield each


@pytest.fixture
def person(http: httpx.Client) -> Iterator[Participant]:
    person = Participant(http)
    person.pass_time()
    yield person
    person.leaves()


def is_overdue(task: Resource) -> bool:
    overdue = {"system": code_system("clock"), "code": "overdue"}
    return overdue in task.get("businessStatus", {}).get("coding", ())


def statuses(person: Participant) -> list[str]:
    return [task["status"] for task in person.measures()]


def test_admission_asks_for_both_measures_of_the_week_once(person: Participant) -> None:
    [task] = person.measures()
    [other] = person.measures(questionnaire="gad-7")

    assert (task["status"], task["intent"]) == ("requested", "order")
    assert task["owner"] == task["for"] == other["for"] == person.reference
    assert task["meta"]["profile"] == [profile("stepdown-task")]
    period = {
        name: date.fromisoformat(text) for name, text in task["restriction"]["period"].items()
    }
    assert period["end"] - period["start"] == timedelta(days=6)
    [said] = person.told_of(task)
    assert said["agent"][0]["who"]["identifier"] == {
        "system": POLICY,
        "value": "measures-fall-due|1.2",
    }

    person.put(person.episode | {"period": {"start": "2026-01-01"}})
    person.pass_time()

    assert person.measures() == [task]


def test_each_week_asks_again_and_an_answer_completes_its_own_week(person: Participant) -> None:
    person.pass_time(WEEK)
    person.answer()
    response = person.answer("gad-7")
    person.pass_time()

    assert statuses(person) == ["requested", "completed"]
    assert [is_overdue(each) for each in person.measures()] == [True, False]
    [_, answered] = person.measures(questionnaire="gad-7")
    [output] = answered["output"]
    assert output["valueReference"] == {"reference": f"QuestionnaireResponse/{response['id']}"}
    assert len(person.told_of(answered)) == 2


def test_a_week_without_an_answer_is_overdue_and_then_missed_once(person: Participant) -> None:
    person.pass_time(WEEK)
    [overdue, _] = person.measures()
    assert (overdue["status"], is_overdue(overdue)) == ("requested", True)

    person.pass_time(timedelta(days=3))
    [missed, _] = person.measures()
    assert (missed["status"], is_overdue(missed)) == ("failed", True)
    assert missed["statusReason"]["text"]

    person.answer()
    person.pass_time(WEEK)
    assert person.measures()[0] == missed
    assert statuses(person)[:2] == ["failed", "completed"]


def test_an_answer_of_last_week_that_arrives_late_still_counts(person: Participant) -> None:
    given = person.now().isoformat(timespec="milliseconds")
    person.pass_time(WEEK)
    person.answer(authored=given)
    person.pass_time()

    assert statuses(person) == ["completed", "requested"]
    assert is_overdue(person.measures()[0])


@pytest.mark.parametrize(
    "changes", [{"status": "in-progress"}, {"questionnaire": "https://e.example/q"}]
)
def test_what_is_no_answer_completes_nothing(person: Participant, changes: dict[str, str]) -> None:
    person.answer(**changes)
    person.pass_time()

    assert statuses(person) == ["requested"]


def test_nothing_is_asked_of_who_is_not_in_the_programme(http: httpx.Client) -> None:
    person = Participant(http, "planned")
    person.pass_time(WEEK)
    assert person.measures() == []

    person.is_admitted()
    person.pass_time()
    assert statuses(person) == ["requested"]
    person.leaves()


def test_a_pause_asks_for_nothing_until_it_is_over(person: Participant) -> None:
    person.becomes("onhold")
    person.pass_time(2 * WEEK)
    assert statuses(person) == ["cancelled"]

    person.becomes("active")
    person.pass_time()
    assert statuses(person) == ["cancelled", "requested"]


def test_after_the_end_measures_go_on_each_month_for_half_a_year(person: Participant) -> None:
    person.becomes("finished")
    person.pass_time(timedelta(days=29))
    assert statuses(person) == ["cancelled"]

    person.pass_time(timedelta(days=2))
    person.answer()
    person.pass_time(timedelta(days=300))

    assert statuses(person) == ["cancelled", "completed", *["failed"] * 5]


def test_a_week_is_asked_for_although_services_were_down(
    stack: Programs, person: Participant
) -> None:
    stack.kill("intake")
    stack.kill("progress")
    stack.start("progress")
    stack.start("intake")
    person.pass_time(WEEK)

    assert statuses(person) == ["requested", "requested"]
