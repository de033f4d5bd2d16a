"""Who admitted somebody by evidence that was corrected is asked to look again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.canonical import code_system
from tests.journey.candidate import CLINICIAN, Candidate, outcome, parameters
from tests.journey.merging import merged, parted, settled, sources, versioned
from tests.services.person import Person

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tests.programs import Programs
    from tests.services.person import Resource

OTHER = {"resourceType": "Patient", "id": "of-somebody-else"}


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    base = all_in_one.fhir
    with httpx.Client(base_url=base, timeout=180, trust_env=False) as each:
        yield each


@pytest.fixture
def person(http: httpx.Client) -> Iterator[Candidate]:
    person = Candidate(http)
    yield person
    person.put(person.read(person.episode) | {"status": "cancelled"})


def reviews(person: Candidate) -> list[Resource]:
    return person.found("Task", code=f"{code_system('task')}|correction-review")


def test_who_admitted_by_evidence_that_was_a_mistake_is_asked_once(person: Candidate) -> None:
    told = person.judge_all()
    assert person.admit().is_success
    judged = told["IND-MH"]
    person.put(judged | {"note": [{"text": "seen again"}]})
    settled(person)
    assert reviews(person) == []

    corrected = person.put(judged | {"status": "corrected", "valueBoolean": False})
    person.put(corrected | {"status": "entered-in-error"})
    settled(person)
    [task] = reviews(person)
    assert (task["status"], task["owner"]) == ("requested", {"reference": CLINICIAN})
    assert task["focus"]["reference"].startswith("GuidanceResponse/")
    assert task["reasonReference"] == {"reference": f"Observation/{judged['id']}"}
    assert versioned(corrected) in sources(person, task)

    person.put(judged)
    settled(person)
    assert [each["status"] for each in reviews(person)] == ["cancelled"]


def test_evidence_of_somebody_else_was_a_mistake_too(http: httpx.Client, person: Candidate) -> None:
    told = person.judge_all()
    assert person.admit().is_success
    other = http.put("Patient/of-somebody-else", json=OTHER).json()
    person.put(told["IND-MH"] | {"subject": {"reference": f"Patient/{other['id']}"}})
    settled(person)
    assert [each["status"] for each in reviews(person)] == ["requested"]

    person.put(told["IND-MH"])
    settled(person)
    assert [each["status"] for each in reviews(person)] == ["cancelled"]


def test_a_decision_that_nobody_acted_on_asks_nobody(person: Candidate) -> None:
    told = person.judge_all()
    person.level_of_care()
    person.put(told["IND-MH"] | {"status": "entered-in-error"})
    settled(person)

    assert reviews(person) == []


def test_a_decision_is_by_all_that_is_known_of_a_person(
    http: httpx.Client, person: Candidate
) -> None:
    other = Person(http, in_care=False)
    told = person.judge_all()
    person.delete(told["EXC-IMMINENT"])
    alone = person.level_of_care()
    assert "EXC-IMMINENT" in parameters(alone, "missing")
    before = person.now()
    told["EXC-IMMINENT"] = person.put(told["EXC-IMMINENT"] | {"subject": other.reference})
    assert person.level_of_care() == alone

    merged(other, person)
    both = person.level_of_care()
    assert outcome(both) == "recommend-iop"
    assert "EXC-IMMINENT" not in parameters(both, "missing")
    at = person.now()
    assert person.admit().is_success

    undone = parted(other)
    settled(person)
    [review] = reviews(person)
    assert (review["status"], review["owner"]) == ("requested", {"reference": CLINICIAN})
    assert versioned(undone) in sources(person, review)
    assert "EXC-IMMINENT" in parameters(person.level_of_care(), "missing")
    # Who they were then, the links of then say.
    assert outcome(then(person, at)) == "recommend-iop"
    assert "EXC-IMMINENT" in parameters(then(person, before), "missing")

    merged(other, person)
    settled(person)
    assert [each["status"] for each in reviews(person)] == ["cancelled"]
    assert outcome(then(person, at)) == "recommend-iop"
    assert "EXC-IMMINENT" in parameters(then(person, before), "missing")


def then(person: Candidate, at: datetime) -> Resource:
    """The level of care by the record as it stood at an instant."""
    instant = {"valueDateTime": at.isoformat(timespec="milliseconds")}
    told: Resource = person.ask(f"Patient/{person.id}/$level-of-care", {"at": instant}).json()
    return told


@pytest.mark.parametrize("what", ["level of care", "referral"])
def test_who_declined_by_a_mistake_is_asked_once(person: Candidate, what: str) -> None:
    told = person.judge_all(EXC_DETOX=True)
    person.level_of_care()
    assert person.decline(reason="Needs detoxification first.").is_success
    settled(person)
    assert reviews(person) == []

    ground = told["EXC-DETOX"] if what == "level of care" else person.read(person.referral)
    mistake = person.put(ground | {"status": "entered-in-error"})
    settled(person)
    [task] = reviews(person)
    assert (task["status"], task["owner"]) == ("requested", {"reference": CLINICIAN})
    assert versioned(mistake) in sources(person, task)

    person.put(ground)
    settled(person)
    assert [each["status"] for each in reviews(person)] == ["cancelled"]
