"""Whoever is asked for measures in aftercare is not left alone with what they answer."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.canonical import code_system
from tests.journey.answering import ITEM_9, PHQ_9, response
from tests.services.person import Person

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs

SCREEN = f"{code_system('task')}|suicide-screen"
CHANGE = f"{code_system('measure')}|phq-9-change"
PROGRAMME = {"coding": [{"system": code_system("programme"), "code": "iop"}]}


@pytest.fixture
def finished(stack: Programs) -> Iterator[Person]:
    """A person who has just finished the programme."""
    with httpx.Client(base_url=stack.fhir, timeout=180, trust_env=False) as http:
        person = Person(http)
        [episode] = person.found("EpisodeOfCare")
        for status in ("active", "finished"):
            person.put(episode | {"status": status, "type": [PROGRAMME]})
        yield person


def answer(person: Person, item: int = 2) -> None:
    authored = person.now().isoformat(timespec="milliseconds")
    counts = dict.fromkeys(PHQ_9, item) | {ITEM_9: 2}
    person.put(response("phq-9", person.reference, authored, counts))
    person.pass_time()


def test_answers_in_aftercare_are_looked_at(finished: Person) -> None:
    answer(finished)
    assert len(finished.found("Task", code=SCREEN)) == 1
    assert len(finished.found("Observation", code="http://loinc.org|44261-6")) == 1


def test_a_worsening_in_aftercare_is_seen(finished: Person) -> None:
    answer(finished, item=0)
    answer(finished, item=2)
    [change] = finished.found("Observation", code=CHANGE)
    assert change["valueCodeableConcept"]["coding"][0]["code"] == "reliable-worsening"


def test_answers_long_after_it_are_only_kept(finished: Person) -> None:
    finished.pass_time(timedelta(days=181))
    answer(finished)
    assert finished.found("Task", code=SCREEN) == []
    assert finished.found("Observation") == []
