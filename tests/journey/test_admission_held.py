"""A plain write that admits is held to the level of care, as `$admit` is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from tests.journey.candidate import CLINICIAN, Candidate, diagnostics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs
    from tests.services.person import Resource


@pytest.fixture(scope="module")
def http(stack: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.fhir, timeout=180, trust_env=False) as each:
        yield each


@pytest.fixture
def person(http: httpx.Client) -> Candidate:
    return Candidate(http)


def write(person: Candidate, *others: Resource) -> httpx.Response:
    """Make the episode active, together with something else."""
    written = [person.episode | {"status": "active"}, *others]
    entries = [
        {"resource": e, "request": {"method": "PUT", "url": f"{e['resourceType']}/{e['id']}"}}
        for e in written
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    return person.http.post("", json=bundle, headers={"X-Stepdown-Actor": CLINICIAN})


def signature(person: Candidate, who: str = CLINICIAN) -> Resource:
    return {
        "resourceType": "Provenance",
        "id": f"signed-{person.id}",
        "target": [{"reference": f"EpisodeOfCare/{person.episode['id']}"}],
        "recorded": "2026-03-01T12:00:00Z",
        "reason": [{"text": "Seen today; the rest follows this week."}],
        "agent": [{"who": {"reference": who}}],
    }


def refused(answer: httpx.Response, words: str) -> None:
    assert answer.status_code == httpx.codes.CONFLICT, answer.text
    assert words in diagnostics(answer)


def test_without_a_decision_nobody_is_admitted(person: Candidate) -> None:
    person.judge_all()
    refused(write(person), "There is no decision on the level of care")

    person.level_of_care()
    assert write(person).is_success
    assert person.read(person.episode)["status"] == "active"


@pytest.mark.parametrize("changes", [{"EXC_24H": True}, {"EXC_IMMINENT": None}])
def test_what_forbids_it_forbids_it_whatever_the_reason(
    person: Candidate, changes: dict[str, bool | None]
) -> None:
    person.judge_all(**changes)
    person.level_of_care()

    refused(write(person), "forbids it")
    refused(write(person, signature(person)), "forbids it")
    assert person.read(person.episode) == person.episode


def test_what_is_not_recommended_needs_a_reason_that_is_signed_with_it(person: Candidate) -> None:
    person.judge_all(CAP_GROUP=None)
    person.level_of_care()
    person.put(signature(person) | {"id": f"earlier-{person.id}"})

    refused(write(person), "The level of care is insufficient-information")
    person.put({"resourceType": "Practitioner", "id": "other"})
    refused(write(person, signature(person, "Practitioner/other")), "insufficient-information")
    assert write(person, signature(person)).is_success


def test_an_exclusion_after_the_decision_asks_for_another(person: Candidate) -> None:
    person.judge_all()
    person.level_of_care()
    person.pass_time()
    person.judge("EXC-DETOX", value=True)

    refused(write(person), "An exclusion was stated after the decision")
    person.judge("EXC-DETOX", value=False)
    person.level_of_care()
    assert person.admit().is_success
