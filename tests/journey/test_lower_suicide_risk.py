"""A moderate or low C-SSRS risk asks people for what it calls for, and follows corrections."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.canonical import code_system
from tests.services.person import HIGH, LOW, MODERATE, Person

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs
    from tests.services.person import Resource

TASK = code_system("task")


@pytest.fixture(scope="module")
def http(stack: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.fhir, timeout=180, trust_env=False) as each:
        yield each


@pytest.fixture
def person(http: httpx.Client) -> Person:
    person = Person(http)
    # What is to be done on the same day is then not overdue by the next minute.
    if person.now().hour == 23:
        person.pass_time(timedelta(hours=1))
    return person


def asked(person: Person) -> dict[str, str]:
    """The status of each Task of a person, by code, once all has followed."""
    person.pass_time()
    found = person.found("Task")
    told = {each["code"]["coding"][0]["code"]: each["status"] for each in found}
    assert len(told) == len(found)
    return told


def task(person: Person, code: str) -> Resource:
    [found] = person.found("Task", code=f"{TASK}|{code}")
    return found


def test_a_moderate_risk_is_evaluated_on_the_same_day_or_escalated_once(person: Person) -> None:
    person.put(person.risk(MODERATE))

    assert asked(person) == {"safety-evaluation": "requested"}
    told = task(person, "safety-evaluation")
    assert (told["priority"], told["intent"]) == ("asap", "order")
    assert told["focus"] == {"reference": f"Observation/risk-{person.id}"}
    [said] = person.told_of(told)
    name = said["agent"][0]["who"]["identifier"]["value"]
    assert name == "lower-suicide-risk-is-followed|1.0"

    person.pass_time(timedelta(days=2))
    assert asked(person) == {"safety-evaluation": "requested", "escalation": "requested"}
    assert task(person, "safety-evaluation")["businessStatus"]["text"] == "overdue"


def test_a_low_risk_is_offered_a_safety_plan_once(person: Person) -> None:
    person.put(person.risk(LOW))
    assert asked(person) == {"safety-plan": "requested"}

    person.put(person.risk(LOW, status="amended", note=[{"text": "asked again"}]))
    assert asked(person) == {"safety-plan": "requested"}
    person.put(task(person, "safety-plan") | {"status": "completed"})
    person.put(person.risk(LOW, status="amended"))
    assert asked(person) == {"safety-plan": "completed"}


def test_a_risk_that_is_corrected_takes_its_task_along(person: Person) -> None:
    person.put(person.risk(LOW))
    assert asked(person) == {"safety-plan": "requested"}

    person.put(person.risk(MODERATE, status="corrected"))
    assert asked(person) == {"safety-plan": "cancelled", "safety-evaluation": "requested"}
    person.put(person.risk(LOW, status="corrected"))
    assert asked(person) == {"safety-plan": "requested", "safety-evaluation": "cancelled"}


def test_a_high_risk_has_its_own_alert_and_history_asks_for_nothing(
    http: httpx.Client, person: Person
) -> None:
    person.put(person.risk(HIGH))
    loaded = Person(http, in_care=False)
    loaded.put(loaded.risk(MODERATE))

    assert asked(person) == {"safety-review": "requested"}
    assert asked(loaded) == {}
