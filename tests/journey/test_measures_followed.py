"""What follows from answers by itself: results, a suicide screen, an alert, and change."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from shared.care.canonical import CANONICAL, POLICY, code_system, profile
from shared.fhir.validation import validate
from tests.journey.answering import ITEM_9, PHQ_9, item, response
from tests.services.person import Person

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.programs import Programs

Resource = dict[str, Any]
SCREEN = f"{code_system('task')}|suicide-screen"
REVIEW = f"{code_system('task')}|safety-review"
CHANGE = f"{code_system('measure')}|phq-9-change"
TOTAL = "http://loinc.org|44261-6"
RISK = "http://loinc.org|93374-7"


@pytest.fixture(scope="module")
def http(stack: Programs) -> Iterator[httpx.Client]:
    headers = {"X-Stepdown-Actor": "Practitioner/tester"}
    with httpx.Client(base_url=stack.fhir, headers=headers, timeout=180, trust_env=False) as each:
        yield each


@pytest.fixture
def person(http: httpx.Client) -> Person:
    return Person(http)


def answers(
    person: Person,
    name: str,
    counts: Mapping[str, int | None] | None = None,
    *,
    days: int = 0,
    **changes: object,
) -> Resource:
    """Answer so many days from now."""
    authored = (person.now() + timedelta(days=days)).isoformat(timespec="milliseconds")
    return person.put(response(name, person.reference, authored, counts) | changes)


def settled(person: Person) -> None:
    """Wait until an effect of an effect has come too."""
    for _ in range(2):
        person.pass_time()


def scored(total: int) -> dict[str, int | None]:
    """Answers to a PHQ-9 that come to a total of at most 24 and leave item 9 at nothing."""
    return {code: min(3, max(0, total - 3 * at)) for at, code in enumerate(PHQ_9[:8])}


def coded(resource: Resource) -> str:
    code: str = resource["valueCodeableConcept"]["coding"][0]["code"]
    return code


def test_a_completed_response_is_scored_by_itself(person: Person) -> None:
    sent = answers(person, "phq-9", scored(12))

    total = person.comes("Observation", code=TOTAL)
    assert total["valueQuantity"]["value"] == 12
    answer = person.http.post(f"QuestionnaireResponse/{sent['id']}/$extract").json()
    assert total in [entry["resource"] for entry in answer["entry"]]
    assert len(person.told_of(total)) == 1


def test_history_is_not_scored_and_asks_for_nothing(http: httpx.Client) -> None:
    person = Person(http, in_care=False)
    answers(person, "phq-9", {ITEM_9: 3})
    answers(person, "c-ssrs-screener", {"93249-1": 1})

    settled(person)

    assert person.found("Observation") == person.found("Task") == person.found("Flag") == []


@pytest.mark.parametrize(
    "changes", [{"status": "in-progress"}, {"questionnaire": "https://elsewhere.example/q"}]
)
def test_what_is_not_completed_or_not_known_is_left_alone(
    person: Person, changes: Resource
) -> None:
    answers(person, "phq-9", {ITEM_9: 3}, **changes)
    settled(person)

    assert person.found("Observation") == person.found("Task") == []


def test_a_response_that_was_a_mistake_takes_its_results_back(person: Person) -> None:
    sent = answers(person, "phq-9", scored(12))
    person.comes("Observation", code=TOTAL)
    person.put(sent | {"status": "entered-in-error"})
    settled(person)

    assert {each["status"] for each in person.found("Observation")} == {"entered-in-error"}


def test_answers_that_cannot_be_read_are_shown_to_people_and_score_nothing(
    person: Person,
) -> None:
    answers(person, "gad-7", item=[item("69725-0", "LA33-6")])

    issue = person.comes("DetectedIssue")
    assert issue["code"]["coding"][0]["code"] == "unreadable-answers"
    assert "69725-0" in issue["detail"]
    settled(person)
    assert person.found("Observation") == []


@pytest.mark.parametrize("ninth", [1, 3, None])
def test_an_affirmed_or_missing_ninth_item_asks_for_a_screen_on_the_same_day(
    person: Person, ninth: int | None
) -> None:
    sent = answers(person, "phq-9", {ITEM_9: ninth})

    task = person.comes("Task", code=SCREEN)
    today = datetime.fromisoformat(sent["meta"]["lastUpdated"]).date().isoformat()
    assert task["restriction"]["period"] == {"start": today, "end": today}
    assert (task["priority"], task["status"]) == ("urgent", "requested")
    assert task["focus"] == {"reference": f"QuestionnaireResponse/{sent['id']}"}
    assert task["input"][0]["valueCanonical"] == f"{CANONICAL}/Questionnaire/c-ssrs-screener"
    assert task["meta"]["profile"] == [profile("stepdown-task")]
    assert validate(task) == []
    [said] = person.told_of(task)
    assert said["agent"][0]["who"]["identifier"] == {
        "system": POLICY,
        "value": "suicide-screen-on-the-same-day|1.0",
    }

    person.put(sent | {"status": "amended"})
    settled(person)
    assert person.found("Task") == [task]


def test_a_denied_ninth_item_asks_for_no_screen(person: Person) -> None:
    answers(person, "phq-9")
    settled(person)

    assert person.found("Task") == []


def test_a_ninth_item_that_cannot_be_read_asks_for_a_screen(person: Person) -> None:
    answers(person, "phq-9", item=[item(ITEM_9, "LA33-6")])

    assert person.comes("Task", code=SCREEN)["status"] == "requested"


def test_a_later_screen_completes_the_task(person: Person) -> None:
    answers(person, "phq-9", {ITEM_9: 1})
    person.comes("Task", code=SCREEN)
    screen = answers(person, "c-ssrs-screener")
    settled(person)

    [task] = person.found("Task", code=SCREEN)
    assert task["status"] == "completed"
    [output] = task["output"]
    assert output["valueReference"] == {"reference": f"QuestionnaireResponse/{screen['id']}"}
    assert len(person.told_of(task)) == 2
    assert coded(person.comes("Observation", code=RISK)) == "none"


def test_a_screen_that_arrives_before_what_calls_for_it_completes_the_task_too(
    person: Person,
) -> None:
    screen = answers(person, "c-ssrs-screener")
    answers(person, "phq-9", {ITEM_9: 1}, authored=screen["authored"])
    settled(person)

    assert [task["status"] for task in person.found("Task", code=SCREEN)] == ["completed"]


@pytest.mark.parametrize(
    "changes",
    [{"authored": "2026-01-01T10:00:00Z"}, {"item": [item("93249-1", "LA6568-5")]}],
)
def test_an_earlier_or_unreadable_screen_completes_nothing(
    person: Person, changes: Resource
) -> None:
    answers(person, "phq-9", {ITEM_9: 1})
    first = person.comes("Task", code=SCREEN)
    answers(person, "c-ssrs-screener", **changes)
    settled(person)

    assert person.read(first)["status"] == "requested"


def test_a_screen_that_cannot_be_read_asks_for_another_one(person: Person) -> None:
    answers(person, "c-ssrs-screener", item=[item("93249-1", "LA6568-5")])

    assert person.comes("Task", code=SCREEN)["status"] == "requested"
    assert person.found("Observation") == []


@pytest.mark.parametrize(
    "counts",
    [{"93247-5": 1, "93249-1": 1}, {"93249-1": 1}, {"93247-5": 1, "93250-9": None}],
    ids=["high", "contradictory", "not ruled out"],
)
def test_a_risk_that_is_or_may_be_high_raises_the_alert_once(
    person: Person, counts: Mapping[str, int | None]
) -> None:
    answers(person, "c-ssrs-screener", counts)

    assert person.comes("Flag")["category"][0]["coding"][0]["code"] == "safety"
    assert person.comes("Task", code=REVIEW)["priority"] == "stat"
    settled(person)
    assert len(person.found("Flag")) == 1


@pytest.mark.parametrize("counts", [{"93267-3": 1}, {"93247-5": 1, "93248-3": None}])
def test_a_risk_that_cannot_be_high_raises_no_alert(
    person: Person, counts: Mapping[str, int | None]
) -> None:
    answers(person, "c-ssrs-screener", counts)
    person.comes("Observation", code=RISK)
    settled(person)

    assert person.found("Flag") == []


def test_the_change_since_the_baseline_is_classified(person: Person) -> None:
    answers(person, "phq-9", scored(20))
    for week, total in enumerate((15, 12, 10, 4, 24), start=1):
        answers(person, "phq-9", scored(total), days=7 * week)
    settled(person)

    changes = sorted(
        person.found("Observation", code=CHANGE), key=lambda each: str(each["effectiveDateTime"])
    )
    assert [coded(each) for each in changes] == [
        "no-reliable-change",
        "reliable-improvement",
        "response",
        "remission",
        "no-reliable-change",
    ]
    assert [each["component"][0]["valueQuantity"]["value"] for each in changes] == [
        *(5, 8, 10, 16),
        -4,
    ]
    totals = sorted(
        person.found("Observation", code=TOTAL), key=lambda each: str(each["effectiveDateTime"])
    )
    for current, change in zip(totals[1:], changes, strict=True):
        cited = [each["reference"] for each in change["derivedFrom"]]
        assert cited == [f"Observation/{totals[0]['id']}", f"Observation/{current['id']}"]
        assert validate(change) == []
    [said, *_] = person.told_of(changes[0])
    assert said["agent"][0]["who"]["identifier"]["value"] == "measure-change|1.0"


def test_a_reliable_worsening_is_named(person: Person) -> None:
    answers(person, "phq-9", scored(12))
    answers(person, "phq-9", scored(18), days=7)

    assert coded(person.comes("Observation", code=CHANGE)) == "reliable-worsening"


def test_an_extended_total_is_no_baseline_and_no_evidence(person: Person) -> None:
    answers(person, "phq-9", scored(20) | {"44253-3": None})
    answers(person, "phq-9", scored(20), days=1)
    answers(person, "phq-9", scored(6) | {"44253-3": None}, days=7)
    settled(person)
    assert person.found("Observation", code=CHANGE) == []

    answers(person, "phq-9", scored(6), days=14)

    change = person.comes("Observation", code=CHANGE)
    assert change["component"][0]["valueQuantity"]["value"] == 14


def test_a_change_that_no_longer_stands_is_taken_back(person: Person) -> None:
    answers(person, "phq-9", scored(20))
    later = answers(person, "phq-9", scored(6), days=7)
    change = person.comes("Observation", code=CHANGE)
    person.put(later | {"status": "amended", "item": later["item"][1:]})
    settled(person)

    assert person.read(change)["status"] == "entered-in-error"


def test_a_first_measure_after_the_intake_is_no_baseline(person: Person) -> None:
    answers(person, "phq-9", scored(20), days=15)
    answers(person, "phq-9", scored(6), days=22)
    settled(person)

    assert person.found("Observation", code=CHANGE) == []


def test_a_planned_episode_shows_no_change_yet(http: httpx.Client) -> None:
    person = Person(http)
    [episode] = person.found("EpisodeOfCare")
    person.put(episode | {"status": "planned"})
    answers(person, "phq-9", scored(20))
    answers(person, "phq-9", scored(6), days=7)
    settled(person)

    assert len(person.found("Observation", code=TOTAL)) == 2
    assert person.found("Observation", code=CHANGE) == []


def test_a_screen_is_asked_for_once_although_intake_was_down(
    stack: Programs, person: Person
) -> None:
    stack.kill("intake")
    sent = response("phq-9", person.reference, "2026-03-02T09:30:00Z", {ITEM_9: 2})
    for status in ("completed", "amended"):
        person.put(sent | {"status": status}, base=stack.progress)
    stack.start("intake")

    person.comes("Task", code=SCREEN)
    settled(person)

    assert len(person.found("Task", code=SCREEN)) == 1


def test_a_response_is_scored_once_although_its_service_dies(
    stack: Programs, person: Person
) -> None:
    sent = answers(person, "phq-9", {ITEM_9: 2})
    stack.kill("progress")
    stack.start("progress")

    assert person.comes("Task", code=SCREEN)["status"] == "requested"
    settled(person)
    answer = person.http.post(f"QuestionnaireResponse/{sent['id']}/$extract")
    assert answer.is_success, answer.text
    total = person.comes("Observation", code=TOTAL)
    assert (total["meta"]["versionId"], len(person.told_of(total))) == ("1", 1)


def test_the_published_response_is_scored_by_itself(person: Person, shared_data: Path) -> None:
    example = shared_data / "us-core" / "QuestionnaireResponse-phq-9-example.json"
    sent = json.loads(example.read_text()) | {"subject": person.reference}
    del sent["author"]
    person.put(sent | {"id": f"example-{person.id}"})

    assert person.comes("Observation", code=TOTAL)["valueQuantity"]["value"] == 12
