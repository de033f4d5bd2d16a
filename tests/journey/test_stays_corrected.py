"""A stay in hospital is corrected, taken back, or somebody else's: the programme follows."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.canonical import code_system
from tests.journey.merging import merged, parted, settled, sources, versioned
from tests.journey.participant import ACT_CODE, Participant
from tests.services.person import Person

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tests.programs import Programs
    from tests.services.person import Resource

DAY = timedelta(days=1)
AGAINST_ADVICE = {
    "system": "http://terminology.hl7.org/CodeSystem/discharge-disposition",
    "code": "aadvice",
}
IN_ERROR = {"status": "entered-in-error"}


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=all_in_one.fhir, timeout=180, trust_env=False) as each:
        yield each


@pytest.fixture
def two(http: httpx.Client) -> Iterator[tuple[Participant, Participant]]:
    """Two people who are in the programme for a week."""
    both = Participant(http), Participant(http)
    for each in both:
        since = {"start": on(each.now() - 7 * DAY)}
        history = [{"status": "active", "period": since}]
        told = each.read(each.episode) | {"period": since, "statusHistory": history}
        each.episode = each.put(told)
    yield both
    for each in both:
        each.leaves()


def on(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def stay(person: Person, end: datetime | None, **changes: object) -> Resource:
    """Write a stay since two days ago, which goes on unless it has an end."""
    period = {"start": on(person.now() - 2 * DAY)} | ({"end": on(end)} if end else {})
    status = "finished" if end else "in-progress"
    return person.put(
        {
            "resourceType": "Encounter",
            "id": f"stay-{uuid.uuid4()}",
            "status": status,
            "class": {"system": ACT_CODE, "code": "IMP"},
            "subject": person.reference,
            "period": period,
            **changes,
        }
    )


def course(person: Participant) -> tuple[str, list[str]]:
    """The status of the episode, and the statuses that it has been through."""
    episode = person.read(person.episode)
    return episode["status"], [each["status"] for each in episode["statusHistory"]]


HELD = ("onhold", ["active", "onhold"])
GOES_ON = ("active", ["active"])


def tasks(person: Person, code: str) -> list[tuple[str, str]]:
    """Of each Task its status, and whether it was us who took it back."""
    found = person.found("Task", code=f"{code_system('task')}|{code}")
    reasons = (each.get("statusReason", {}).get("coding", [{}])[0] for each in found)
    return [
        (each["status"], reason.get("code", ""))
        for each, reason in zip(found, reasons, strict=True)
    ]


def test_a_stay_that_was_somebody_elses_pauses_their_programme_instead(
    two: tuple[Participant, Participant],
) -> None:
    person, other = two
    told = stay(person, None)
    settled(person)
    assert (course(person), course(other)) == (HELD, GOES_ON)

    moved = person.put(told | {"subject": other.reference})
    settled(person)
    assert (course(person), course(other)) == (GOES_ON, HELD)
    assert versioned(moved) in sources(person, person.episode)


def test_a_stay_that_is_taken_back_and_told_again_pauses_the_programme_again(
    two: tuple[Participant, Participant],
) -> None:
    person, _ = two
    told = stay(person, None)
    for changes, expected in ((IN_ERROR, GOES_ON), ({}, HELD), (IN_ERROR, GOES_ON)):
        person.put(told | changes)
        settled(person)
        assert course(person) == expected


def test_a_stay_that_goes_on_keeps_the_programme_on_hold_when_another_is_taken_back(
    two: tuple[Participant, Participant],
) -> None:
    person, _ = two
    first, second = stay(person, None), stay(person, None)
    settled(person)
    person.put(first | IN_ERROR)
    settled(person)
    assert course(person) == HELD
    person.put(second | IN_ERROR)
    settled(person)
    assert course(person) == GOES_ON


def test_the_review_of_a_return_is_withdrawn_with_its_stay(
    two: tuple[Participant, Participant],
) -> None:
    person, _ = two
    told = stay(person, person.now())
    settled(person)
    assert (course(person), tasks(person, "readmission-review")) == (HELD, [("requested", "")])

    person.put(told | IN_ERROR)
    settled(person)
    assert course(person) == GOES_ON
    assert tasks(person, "readmission-review") == [("cancelled", "withdrawn")]
    person.put(told)
    settled(person)
    assert (course(person), tasks(person, "readmission-review")) == (HELD, [("requested", "")])


def test_who_decided_on_the_return_from_a_stay_that_was_an_error_is_asked_to_look_again(
    two: tuple[Participant, Participant],
) -> None:
    person, _ = two
    told = stay(person, person.now())
    settled(person)
    [review] = person.found("Task", code=f"{code_system('task')}|readmission-review")
    person.put(review | {"status": "completed"})
    person.put(told | IN_ERROR)
    settled(person)
    assert tasks(person, "readmission-review") == [("completed", "")]
    assert tasks(person, "correction-review") == [("requested", "")]

    person.put(told)
    settled(person)
    assert tasks(person, "correction-review") == [("cancelled", "withdrawn")]


def test_a_call_after_leaving_against_advice_follows_how_the_stay_ended_and_whose_it_was(
    two: tuple[Participant, Participant],
) -> None:
    person, other = two
    left = {"hospitalization": {"dischargeDisposition": {"coding": [AGAINST_ADVICE]}}}
    told = stay(person, person.now(), **left)
    settled(person)
    assert tasks(person, "outreach") == [("requested", "")]

    person.put({name: value for name, value in told.items() if name != "hospitalization"})
    settled(person)
    assert tasks(person, "outreach") == [("cancelled", "withdrawn")]
    person.put(told | {"subject": other.reference})
    settled(person)
    assert (tasks(person, "outreach"), tasks(other, "outreach")) == ([], [("requested", "")])


def test_who_turns_out_to_be_in_hospital_by_a_merge_is_on_hold_until_they_are_parted(
    two: tuple[Participant, Participant],
) -> None:
    person, _ = two
    old = Person(person.http, in_care=False)
    stay(old, None)
    settled(person)
    assert course(person) == GOES_ON

    link = merged(old, person)
    settled(person)
    assert course(person) == HELD
    assert versioned(link) in sources(person, person.episode)
    parted(old)
    settled(person)
    assert course(person) == GOES_ON
