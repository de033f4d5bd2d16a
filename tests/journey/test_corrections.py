"""What is derived follows its evidence: amended, a mistake, late, moved, or merged and parted."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from shared.care.canonical import code_system
from tests.journey.answering import PHQ_9, response
from tests.journey.merging import merged, parted, settled, sources, versioned
from tests.services.person import Person

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs

Resource = dict[str, Any]
TOTAL = "http://loinc.org|44261-6"
CHANGE = f"{code_system('measure')}|phq-9-change"
STANDING = "final,amended,corrected"


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    headers = {"X-Stepdown-Actor": "Practitioner/tester"}
    with httpx.Client(
        base_url=all_in_one.fhir, headers=headers, timeout=180, trust_env=False
    ) as each:
        yield each


def phq_9(total: int) -> dict[str, int | None]:
    """Answers that come to a total of at most 24 and leave item 9 at nothing."""
    return {code: min(3, max(0, total - 3 * at)) for at, code in enumerate(PHQ_9[:8])}


def answered(person: Person, total: int, day: int, **changes: object) -> Resource:
    """Answer a PHQ-9 so many days after the first of the month to come."""
    authored = f"{person.now():%Y-%m-%d}T{day:02}:00:00Z"
    return person.put(response("phq-9", person.reference, authored, phq_9(total)) | changes)


def shown(person: Person) -> list[tuple[str, int]]:
    """The changes that stand: how each is classified, and by how many points it is better."""
    found = person.found("Observation", code=CHANGE, status=STANDING)
    return sorted(
        (
            each["valueCodeableConcept"]["coding"][0]["code"],
            each["component"][0]["valueQuantity"]["value"],
        )
        for each in found
    )


def test_an_amended_baseline_classifies_its_changes_anew(http: httpx.Client) -> None:
    person = Person(http)
    baseline = answered(person, 12, 1)
    answered(person, 20, 9)
    settled(person)
    assert shown(person) == [("reliable-worsening", -8)]

    answers = response("phq-9", person.reference, baseline["authored"], phq_9(18))
    person.put(baseline | {"status": "amended", "item": answers["item"]})
    settled(person)

    assert shown(person) == [("no-reliable-change", -2)]
    [change] = person.found("Observation", code=CHANGE)
    assert change["status"] == "corrected"
    [total] = [
        each
        for each in person.found("Observation", code=TOTAL)
        if each["effectiveDateTime"] == baseline["authored"]
    ]
    assert versioned(total) in sources(person, change)


@pytest.mark.parametrize("status", ["entered-in-error", "in-progress"])
def test_a_baseline_that_nobody_stands_by_leaves_the_next_one(
    http: httpx.Client, status: str
) -> None:
    person = Person(http)
    baseline = answered(person, 4, 1)
    answered(person, 14, 9)
    answered(person, 20, 10)
    settled(person)
    assert shown(person) == [("reliable-worsening", -16), ("reliable-worsening", -10)]

    person.put(baseline | {"status": status})
    settled(person)

    assert shown(person) == [("reliable-worsening", -6)]


def test_an_earlier_answer_that_comes_late_becomes_the_baseline(http: httpx.Client) -> None:
    person = Person(http)
    answered(person, 14, 9)
    answered(person, 20, 10)
    settled(person)
    answered(person, 21, 1)
    settled(person)

    assert shown(person) == [("no-reliable-change", 1), ("reliable-improvement", 7)]


def test_a_score_that_was_another_persons_leaves_the_one_for_the_other(
    http: httpx.Client,
) -> None:
    one, other = Person(http), Person(http)
    baseline = answered(one, 4, 1)
    answered(one, 14, 9)
    answered(one, 20, 10)
    answered(other, 16, 10)
    settled(one)
    assert shown(other) == []

    moved = one.put(baseline | {"subject": other.reference})
    settled(one)

    assert shown(one) == [("reliable-worsening", -6)]
    assert shown(other) == [("reliable-worsening", -12)]
    [score] = [
        e for e in other.found("Observation", code=TOTAL) if e["valueQuantity"]["value"] == 4
    ]
    assert versioned(moved) in sources(one, score)


def test_a_merge_counts_both_persons_as_one_until_it_is_undone(http: httpx.Client) -> None:
    survivor, old = Person(http), Person(http, in_care=False)
    answered(survivor, 10, 9)
    late = answered(old, 18, 1)
    settled(old)
    assert shown(survivor) == shown(old) == []
    assert old.found("Observation") == []

    link = merged(old, survivor)
    settled(old)
    assert shown(survivor) == [("reliable-improvement", 8)]
    [change] = survivor.found("Observation", code=CHANGE)
    [score] = old.found("Observation", code=TOTAL)
    assert versioned(late) in sources(old, score)
    assert sources(old, change) & {versioned(link), versioned(score)}
    assert old.read(late)["subject"] == old.reference

    undone = parted(old)
    settled(old)
    assert shown(survivor) == shown(old) == []
    assert versioned(undone) in sources(survivor, change)


def test_who_is_merged_is_in_care_as_the_one_who_stands_for_them(http: httpx.Client) -> None:
    survivor, old = Person(http), Person(http, in_care=False)
    merged(old, survivor)
    answered(old, 12, 1)
    answered(survivor, 20, 9)
    settled(old)

    assert shown(survivor) == [("reliable-worsening", -8)]
    assert shown(Person(http, in_care=False)) == []


def clocks(person: Person) -> dict[str, str]:
    """Each clock of a person by its first code, and its status."""
    found = person.found("Task", code=f"{code_system('clock')}|", intent="order")
    return {
        each["code"]["coding"][0]["code"]: each["status"]
        for each in found
        if each["code"]["coding"][0]["code"].startswith("follow-up")
    }


def left_today(person: Person) -> Resource:
    today = person.now().date().isoformat()
    return person.stay(period={"start": today, "end": today})


def test_clocks_count_what_is_known_of_both_persons_until_a_merge_is_undone(
    http: httpx.Client,
) -> None:
    survivor, old = Person(http), Person(http, in_care=False)
    stay = old.put(left_today(old))
    visit_day = (old.now() + timedelta(days=1)).date().isoformat()
    settled(old)
    assert clocks(old) == clocks(survivor) == {}

    merged(old, survivor)
    settled(old)
    assert set(clocks(old).values()) == {"requested"}
    seen = survivor.stay(code="AMB", period={"start": visit_day, "end": visit_day})
    survivor.put(seen)
    old.pass_time(timedelta(days=2))
    settled(old)
    assert set(clocks(old).values()) == {"completed"}

    undone = parted(old)
    settled(old)
    assert set(clocks(old).values()) == {"cancelled"}
    assert clocks(survivor) == {}
    told = {s for each in old.found("Task") for s in sources(old, each)}
    assert told & {versioned(undone), f"Patient/{old.id}"}

    merged(old, survivor)
    settled(old)
    assert set(clocks(old).values()) == {"completed"}
    assert stay["subject"] == old.reference


def test_who_completed_a_clock_that_was_none_is_asked_to_look_again(http: httpx.Client) -> None:
    person = Person(http)
    stay = person.put(left_today(person))
    settled(person)
    code = f"{code_system('clock')}|follow-up-7d"
    [clock] = person.found("Task", code=code)
    doctor = {"resourceType": "Practitioner", "id": f"d-{person.id}"}
    person.put(doctor)
    owner = {"reference": f"Practitioner/{doctor['id']}"}
    person.put(clock | {"status": "completed", "owner": owner})
    settled(person)
    review = f"{code_system('task')}|correction-review"
    assert person.found("Task", code=review) == []

    mistake = person.put(stay | {"status": "entered-in-error"})
    settled(person)
    [task] = person.found("Task", code=review)
    assert (task["status"], task["owner"]) == ("requested", owner)
    assert task["focus"] == {"reference": f"Task/{clock['id']}"}
    assert person.read(clock)["status"] == "completed"
    assert versioned(mistake) in sources(person, task)

    person.put(stay)
    settled(person)
    assert person.read(task)["status"] == "cancelled"


def test_a_repetition_of_every_correction_changes_nothing(http: httpx.Client) -> None:
    survivor, old = Person(http), Person(http)
    first = answered(old, 18, 1)
    answered(survivor, 10, 9)
    merged(old, survivor)
    settled(old)
    before = survivor.found("Observation", code=CHANGE)
    note = {"extension": [{"url": f"urn:uuid:{uuid.uuid4()}", "valueString": "seen"}]}
    old.put(first | note)
    old.put(first)
    merged(old, survivor)
    settled(old)

    assert survivor.found("Observation", code=CHANGE) == before
