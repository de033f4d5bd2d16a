"""Alerts and screens follow the answers that they rest on, and who acted on one is told."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.canonical import code_system
from tests.journey.answering import ITEM_9, response
from tests.journey.merging import settled, sources, versioned
from tests.services.person import LOW, Person

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs
    from tests.services.person import Resource

TASK = code_system("task")
WITHDRAWN = {"system": code_system("correction"), "code": "withdrawn"}


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    headers = {"X-Stepdown-Actor": "Practitioner/tester"}
    with httpx.Client(
        base_url=all_in_one.fhir, headers=headers, timeout=180, trust_env=False
    ) as each:
        yield each


@pytest.fixture
def person(http: httpx.Client) -> Person:
    return Person(http)


def tasks(person: Person, code: str) -> list[Resource]:
    found = person.found("Task", code=f"{TASK}|{code}")
    return sorted(found, key=lambda each: str(each["authoredOn"]))


def statuses(person: Person, code: str) -> list[str]:
    return [each["status"] for each in tasks(person, code)]


def flags(person: Person) -> list[str]:
    return sorted(each["status"] for each in person.found("Flag"))


def answers(person: Person, name: str, days: int = 0, **counts: int) -> Resource:
    authored = (person.now() + timedelta(days=days)).isoformat(timespec="milliseconds")
    return person.put(response(name, person.reference, authored, counts))


@pytest.mark.parametrize("correction", [{"status": "entered-in-error"}, {"answer": LOW}])
def test_an_alert_is_withdrawn_with_its_evidence_and_raised_again(
    person: Person, correction: dict[str, str]
) -> None:
    person.put(person.risk())
    settled(person)
    assert (flags(person), statuses(person, "safety-review")) == (["active"], ["requested"])

    corrected = person.put(person.risk(**{"status": "corrected", **correction}))
    settled(person)
    assert flags(person) == ["entered-in-error"]
    [task] = tasks(person, "safety-review")
    assert (task["status"], task["statusReason"]["coding"]) == ("cancelled", [WITHDRAWN])
    assert versioned(corrected) in sources(person, task)
    assert tasks(person, "correction-review") == []

    person.put(person.risk())
    settled(person)
    assert flags(person) == ["active", "entered-in-error"]
    assert statuses(person, "safety-review") == ["cancelled", "requested"]


def test_who_acted_on_an_alert_is_told_once_until_its_evidence_is_back(person: Person) -> None:
    person.put(person.risk())
    settled(person)
    doctor = person.put({"resourceType": "Practitioner", "id": f"d-{person.id}"})
    owner = {"reference": f"Practitioner/{doctor['id']}"}
    [task] = tasks(person, "safety-review")
    person.put(task | {"status": "completed", "owner": owner})

    person.put(person.risk(status="entered-in-error"))
    person.put(person.risk(status="entered-in-error", note=[{"text": "of somebody else"}]))
    settled(person)
    assert statuses(person, "safety-review") == ["completed"]
    [review] = tasks(person, "correction-review")
    assert (review["status"], review["owner"]) == ("requested", owner)
    assert review["focus"] == {"reference": f"Task/{task['id']}"}

    person.put(person.risk())
    settled(person)
    assert statuses(person, "correction-review") == ["cancelled"]
    assert statuses(person, "safety-review") == ["completed", "requested"]


def test_an_alert_that_nothing_corrects_stands(person: Person) -> None:
    person.put(person.risk())
    person.put(person.risk(LOW, id=f"later-{person.id}"))
    person.put(person.risk(status="amended", note=[{"text": "asked again"}]))
    settled(person)

    assert (flags(person), statuses(person, "safety-review")) == (["active"], ["requested"])


def test_a_screen_follows_the_answers_that_asked_for_it(person: Person) -> None:
    sent = answers(person, "phq-9", **{ITEM_9: 1})
    settled(person)
    assert statuses(person, "suicide-screen") == ["requested"]

    person.put(sent | {"status": "entered-in-error"})
    settled(person)
    [task] = tasks(person, "suicide-screen")
    assert (task["status"], task["statusReason"]["coding"]) == ("cancelled", [WITHDRAWN])

    person.put(sent)
    settled(person)
    assert statuses(person, "suicide-screen") == ["requested"]

    unhurt = response("phq-9", person.reference, sent["authored"])
    person.put(sent | {"status": "amended", "item": unhurt["item"]})
    settled(person)
    assert statuses(person, "suicide-screen") == ["cancelled"]
    assert tasks(person, "correction-review") == []


@pytest.mark.parametrize("mistake", ["nobody's", "somebody else's"])
def test_a_screen_whose_answers_were_a_mistake_is_still_to_be_made(
    http: httpx.Client, person: Person, mistake: str
) -> None:
    of_nobody = mistake == "nobody's"
    wrong = {"status": "entered-in-error"} if of_nobody else {"subject": Person(http).reference}
    answers(person, "phq-9", **{ITEM_9: 1})
    screen = answers(person, "c-ssrs-screener", days=1)
    settled(person)
    assert statuses(person, "suicide-screen") == ["completed"]

    person.put(screen | wrong)
    settled(person)
    [task] = tasks(person, "suicide-screen")
    assert (task["status"], "output" in task) == ("requested", False)

    person.put(screen)
    settled(person)
    assert statuses(person, "suicide-screen") == ["completed"]


def test_answers_of_a_mistaken_year_are_screened_for_today(person: Person) -> None:
    answers(person, "phq-9", days=365, **{ITEM_9: 1})
    settled(person)
    assert statuses(person, "suicide-screen") == ["requested"]

    answers(person, "c-ssrs-screener")
    settled(person)
    assert statuses(person, "suicide-screen") == ["completed"]
