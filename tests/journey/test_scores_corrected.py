"""Scores follow their answers also when nobody in care gives them any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from tests.journey.answering import response
from tests.journey.merging import merged, parted, settled, sources, versioned
from tests.journey.test_corrections import STANDING, TOTAL, answered, phq_9
from tests.services.person import Person

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    headers = {"X-Stepdown-Actor": "Practitioner/tester"}
    url = all_in_one.fhir
    with httpx.Client(base_url=url, headers=headers, timeout=180, trust_env=False) as each:
        yield each


def scores(person: Person) -> list[int]:
    settled(person)
    found = person.found("Observation", code=TOTAL, status=STANDING)
    return sorted(each["valueQuantity"]["value"] for each in found)


@pytest.mark.parametrize("whose", ["a stranger's", "nobody's"])
def test_answers_of_somebody_who_is_not_in_care_leave_no_score_behind(
    http: httpx.Client, whose: str
) -> None:
    person, stranger = Person(http), Person(http, in_care=False)
    answers = answered(person, 12, 1)
    assert scores(person) == [12]

    subject = stranger.reference if whose == "a stranger's" else {"display": "Somebody else"}
    moved = person.put(answers | {"subject": subject})
    assert (scores(person), scores(stranger)) == ([], [])
    [score] = person.found("Observation", code=TOTAL)
    assert versioned(moved) in sources(person, score)

    person.put(answers)
    assert scores(person) == [12]


def test_answers_to_another_questionnaire_leave_no_score_behind(http: httpx.Client) -> None:
    person = Person(http)
    answers = answered(person, 12, 1)
    assert scores(person) == [12]

    person.put(answers | {"questionnaire": "https://example.org/Questionnaire/another"})
    assert scores(person) == []


def test_the_score_of_who_has_died_follows_its_answers(http: httpx.Client) -> None:
    person = Person(http)
    answers = answered(person, 12, 1)
    assert scores(person) == [12]
    died = {"deceasedDateTime": f"{person.now():%Y-%m-%d}"}
    person.put({"resourceType": "Patient", "id": person.id, **died})
    settled(person)

    items = response("phq-9", person.reference, answers["authored"], phq_9(15))["item"]
    person.put(answers | {"status": "amended", "item": items})
    assert scores(person) == [15]


def test_who_is_parted_from_somebody_in_care_keeps_no_score(http: httpx.Client) -> None:
    survivor, old = Person(http), Person(http, in_care=False)
    answered(old, 12, 1)
    merged(old, survivor)
    answered(old, 14, 2)
    assert scores(old) == [12, 14]

    undone = parted(old)
    assert scores(old) == []
    for score in old.found("Observation", code=TOTAL):
        assert versioned(undone) in sources(old, score)


def test_who_was_in_care_keeps_the_scores_of_then_when_parted(http: httpx.Client) -> None:
    survivor, old = Person(http), Person(http)
    answered(old, 12, 1)
    merged(old, survivor)
    assert scores(old) == [12]
    [episode] = old.found("EpisodeOfCare")
    old.put(episode | {"status": "cancelled"})

    parted(old)
    assert scores(old) == [12]
