"""A minor is admitted only with a guardian and the guardian's consent, and told what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from tests.journey.candidate import CLINICIAN, Candidate, diagnostics
from tests.journey.guardian import SCOPE, consent, guardian

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs
    from tests.services.person import Resource

NO_GUARDIAN, NO_CONSENT = "RelatedPerson who is a guardian", "active Consent of a guardian"


@pytest.fixture(scope="module")
def http(stack: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.fhir, timeout=180, trust_env=False) as each:
        yield each


def young(http: httpx.Client, age: int = 16, **elements: object) -> Candidate:
    person = Candidate(http)
    person.judge_all()
    today = person.now().date()
    born = today.replace(year=today.year - age, day=min(today.day, 28))
    patient = {"resourceType": "Patient", "id": person.id, "birthDate": born.isoformat()}
    person.put(patient | elements)
    return person


def test_a_minor_is_admitted_when_nothing_is_missing(http: httpx.Client) -> None:
    person = young(http)

    refused = person.admit()
    assert refused.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert NO_GUARDIAN in diagnostics(refused)
    assert NO_CONSENT in diagnostics(refused)
    assert person.read(person.episode)["status"] == "planned"

    guardian(person)
    refused = person.admit()
    assert refused.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert NO_GUARDIAN not in diagnostics(refused)
    assert NO_CONSENT in diagnostics(refused)

    consent(person)
    assert person.admit().json()["status"] == "active"


def test_a_plain_write_is_held_to_it_too(http: httpx.Client) -> None:
    person = young(http)
    person.level_of_care()
    active = person.episode | {"status": "active"}
    headers = {"X-Stepdown-Actor": CLINICIAN}

    def write() -> httpx.Response:
        return http.put(f"EpisodeOfCare/{active['id']}", json=active, headers=headers)

    assert write().status_code == httpx.codes.UNPROCESSABLE_ENTITY
    guardian(person, "MTH")
    consent(person)
    assert write().status_code == httpx.codes.OK


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "inactive"},
        {"scope": {"coding": [{"system": SCOPE, "code": "research"}]}},
        {"provision": {"type": "deny"}},
        {"provision": {"type": "permit", "period": {"end": "2020-01-01"}}},
        {"performer": []},
    ],
)
def test_another_consent_is_none(http: httpx.Client, changes: Resource) -> None:
    person = young(http)
    guardian(person)
    told = {name: value for name, value in changes.items() if value != []}
    if told != changes:
        told = {"performer": [person.reference]}
    consent(person, **told)

    assert NO_CONSENT in diagnostics(person.admit())


def test_a_friend_is_no_guardian(http: httpx.Client) -> None:
    person = young(http)
    guardian(person, "FRND")
    consent(person)

    assert NO_GUARDIAN in diagnostics(person.admit())


def test_the_age_is_that_of_where_the_person_lives(http: httpx.Client) -> None:
    elsewhere = young(http, 18, address=[{"state": "NE", "country": "US"}])
    assert NO_GUARDIAN in diagnostics(elsewhere.admit())

    assert young(http, 18, address=[{"state": "CA", "country": "US"}]).admit().is_success
