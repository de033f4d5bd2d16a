"""A plan in force is reviewed and certified in time; what is late is escalated, and only once."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.canonical import profile
from tests.journey.planning import Planned, issue, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs
    from tests.services.person import Resource

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=all_in_one.fhir, timeout=180, trust_env=False) as each:
        until(lambda: each.get("PlanDefinition/iop-adult").is_success)
        yield each


@pytest.fixture
def person(http: httpx.Client) -> Planned:
    return Planned(http)


@pytest.fixture
def plan(person: Planned) -> Resource:
    return person.activate(person.apply())


def asked(person: Planned, code: str, status: str = "requested") -> list[Resource]:
    return person.all("Task", code=code, status=status)


def days_of(task: Resource) -> int:
    period = task["restriction"]["period"]
    return (date.fromisoformat(period["end"]) - date.fromisoformat(period["start"])).days


def test_a_review_that_is_done_sets_the_next(person: Planned, plan: Resource) -> None:
    [first] = until(lambda: asked(person, "periodic-review"))
    assert days_of(first) == 60
    assert first["focus"] == {"reference": f"CarePlan/{plan['id']}"}
    person.pass_time(3 * DAY)
    person.write(first | {"status": "completed"})

    [second] = until(lambda: asked(person, "periodic-review"))
    person.pass_time()

    [done] = asked(person, "periodic-review", "completed")
    assert second["id"] != done["id"]
    start = date.fromisoformat(first["restriction"]["period"]["start"])
    assert second["restriction"]["period"] == {
        "start": (start + 3 * DAY).isoformat(),
        "end": (start + 63 * DAY).isoformat(),
    }
    assert len(asked(person, "periodic-review")) == 1


def test_a_plan_may_ask_for_an_earlier_review_and_not_for_a_later_one(person: Planned) -> None:
    unit = {"unit": "days", "system": "http://unitsofmeasure.org", "code": "d"}
    for days, expected in ((30, 30), (90, 60)):
        someone = Planned(person.http)
        own = {"url": profile("review-interval"), "valueDuration": unit | {"value": days}}
        draft = someone.apply()
        said = [*draft.get("extension", ()), own]
        someone.activate(someone.write(draft | {"extension": said}).json())

        [review] = until(partial(asked, someone, "periodic-review"))
        assert days_of(review) == expected


def test_a_physician_certifies(person: Planned, plan: Resource) -> None:
    [task] = until(lambda: asked(person, "certification"))
    assert task["focus"] == {"reference": f"CarePlan/{plan['id']}"}
    code = {"system": "http://terminology.hl7.org/CodeSystem/v2-0360", "code": "MD"}
    held = [{"code": {"coding": [code]}}]
    doctor = person.put(
        {"resourceType": "Practitioner", "id": f"d-{uuid.uuid4()}", "qualification": held}
    )

    for actor in (person.clinician, None, f"Patient/{person.id}"):
        refused = person.write(task | {"status": "completed"}, actor)
        assert refused.status_code == 403
        assert "completed by a physician" in issue(refused)
    done = person.write(task | {"status": "completed"}, f"Practitioner/{doctor['id']}")

    assert done.is_success, done.text
    [following] = until(lambda: asked(person, "certification"))
    assert days_of(following) == 60


def test_what_is_late_is_escalated_once(person: Planned, plan: Resource) -> None:
    for code in ("periodic-review", "certification"):
        until(partial(asked, person, code))
    person.pass_time(61 * DAY)
    late = [asked(person, code)[0] for code in ("periodic-review", "certification")]
    person.pass_time(5 * DAY)
    person.pass_time(DAY)

    escalated = [each["partOf"] for each in asked(person, "escalation")]

    for task in late:
        assert task["businessStatus"]["text"] == "overdue"
        assert escalated.count([{"reference": f"Task/{task['id']}"}]) == 1
    assert person.read(plan)["status"] == "active"


def test_nothing_is_reviewed_of_a_plan_that_is_over(person: Planned, plan: Resource) -> None:
    [review] = until(lambda: asked(person, "periodic-review"))
    person.write(plan | {"status": "completed"})

    until(lambda: person.read(review)["status"] == "cancelled")

    until(lambda: not asked(person, "certification"))
    assert asked(person, "periodic-review") == []
