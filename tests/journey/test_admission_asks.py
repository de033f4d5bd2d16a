"""An admission asks the team for consents and an interpreter, once, and follows what answers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.canonical import code_system, profile
from tests.journey.candidate import CLINICIAN, Candidate
from tests.journey.guardian import consent, guardian
from tests.journey.programme import Programme

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs
    from tests.services.person import Resource

TASK = code_system("task")
ASKED = ("consent-to-treatment", "consent-to-disclosure", "interpreter")
SCOPE = "http://terminology.hl7.org/CodeSystem/consentscope"
NEEDED = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-interpreter-needed"
YES = {"system": "http://snomed.info/sct", "code": "373066001"}


@pytest.fixture(scope="module")
def http(stack: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.fhir, timeout=180, trust_env=False) as each:
        yield each


def asked(person: Candidate) -> dict[str, str]:
    """The status of what an admission asks for, by code, once all has followed."""
    person.pass_time()
    tasks = person.found("Task", code=",".join(f"{TASK}|{each}" for each in ASKED))
    return {each["code"]["coding"][0]["code"]: each["status"] for each in tasks}


def task(person: Candidate, code: str) -> Resource:
    [found] = person.found("Task", code=f"{TASK}|{code}")
    return found


def given(person: Candidate, scope: str, **changes: object) -> Resource:
    """What the person themselves has consented to."""
    told = {"coding": [{"system": SCOPE, "code": scope}]}
    named = {"id": f"{scope}-{person.id}"[:60], "scope": told, "performer": [person.reference]}
    return consent(person, **(named | changes))


def test_an_admission_asks_for_a_consent_until_it_is_given(http: httpx.Client) -> None:
    person = Programme(http).candidate()
    assert asked(person) == {}

    assert person.admit().json()["status"] == "active"
    assert asked(person) == {"consent-to-treatment": "requested"}
    [said] = person.told_of(task(person, "consent-to-treatment"))
    assert said["agent"][0]["who"]["identifier"]["value"] == "admission-asks|1.1"
    assert f"EpisodeOfCare/{person.episode['id']}/_history/" in str(said["entity"])

    told = given(person, "treatment")
    assert asked(person) == {"consent-to-treatment": "completed"}
    done = task(person, "consent-to-treatment")
    assert done["output"][0]["valueReference"] == {"reference": f"Consent/{told['id']}"}
    person.put(told | {"status": "inactive"})
    assert asked(person) == {"consent-to-treatment": "requested"}

    person.put(person.read(person.episode) | {"status": "finished"})
    assert asked(person) == {"consent-to-treatment": "cancelled"}


def test_what_was_given_before_is_asked_for_when_it_is_taken_back(http: httpx.Client) -> None:
    person = Programme(http).candidate()
    told = given(person, "treatment")
    person.admit()
    assert asked(person) == {}

    person.delete(told)
    assert asked(person) == {"consent-to-treatment": "requested"}


def test_a_consent_is_asked_for_when_its_own_period_passes(http: httpx.Client) -> None:
    person = Programme(http).candidate()
    begins, ends = (person.now() + timedelta(days=days) for days in (2, 5))
    period = {"start": begins.isoformat(), "end": ends.isoformat(timespec="seconds")}
    given(person, "treatment", provision={"type": "permit", "period": period})
    person.admit()
    assert asked(person) == {"consent-to-treatment": "requested"}

    person.pass_time(timedelta(days=2))
    assert asked(person) == {"consent-to-treatment": "completed"}
    person.pass_time(timedelta(days=2))
    assert asked(person) == {"consent-to-treatment": "completed"}
    # The whole second in which it ends is part of its time.
    person.pass_time(timedelta(days=1, seconds=1))
    assert asked(person) == {"consent-to-treatment": "requested"}
    # It was due when it was asked for first; now there is as much time again.
    again = task(person, "consent-to-treatment")
    assert "businessStatus" not in again
    assert person.now() < datetime.fromisoformat(again["restriction"]["period"]["end"])
    assert len(person.told_of(again)) == 3


def test_nothing_is_asked_for_while_another_consent_is_in_force(http: httpx.Client) -> None:
    short, renewed, never = (Programme(http).candidate() for _ in range(3))
    ends = (short.now() + timedelta(days=1)).isoformat()
    ending = {"type": "permit", "period": {"end": ends}}
    for each in (short, renewed, never):
        given(each, "treatment", provision=ending)
    given(renewed, "treatment", id=f"c-{renewed.id}")
    given(never, "research", id=f"c-{never.id}", provision={"period": {"end": "9999-12-31"}})
    for each in (short, renewed):
        assert each.admit().json()["status"] == "active"

    short.pass_time(timedelta(days=2))
    assert asked(short) == {"consent-to-treatment": "requested"}
    assert asked(renewed) == {}
    # Who has not been admitted may never come.
    assert asked(never) == {}


def test_who_has_waited_is_asked_when_they_have_a_place(http: httpx.Client) -> None:
    programme = Programme(http)
    programme.takes(1)
    first, waits = programme.candidate(), programme.candidate()
    assert first.admit().json()["status"] == "active"
    assert waits.admit().json()["status"] == "waitlist"
    assert asked(waits) == {}

    first.put(first.read(first.episode) | {"status": "finished"})
    assert waits.admit().json()["status"] == "active"
    assert asked(waits) == {"consent-to-treatment": "requested"}


def test_who_goes_straight_on_hold_is_asked_once(http: httpx.Client) -> None:
    person = Programme(http).candidate()
    headers = {"X-Stepdown-Actor": CLINICIAN}
    for status in ("onhold", "active"):
        changed = person.read(person.episode) | {"status": status}
        answer = http.put(f"EpisodeOfCare/{changed['id']}", json=changed, headers=headers)
        assert answer.is_success, answer.text
        assert asked(person) == {"consent-to-treatment": "requested"}
    assert len(person.told_of(task(person, "consent-to-treatment"))) == 1


def test_a_programme_under_part_2_asks_for_consent_to_disclosure(http: httpx.Client) -> None:
    programme = Programme(http)
    extension = [{"url": profile("part-2-programme"), "valueBoolean": True}]
    organization = {"resourceType": "Organization", "id": programme.id, "name": "Substance use"}
    written = organization | {"extension": extension}
    http.put(f"Organization/{programme.id}", json=written).raise_for_status()
    person = programme.candidate()
    person.admit()
    both = {"consent-to-treatment": "requested", "consent-to-disclosure": "requested"}
    assert asked(person) == both

    given(person, "patient-privacy")
    assert asked(person) == both | {"consent-to-disclosure": "completed"}


def test_who_needs_an_interpreter_has_one_arranged_once(http: httpx.Client) -> None:
    person = Programme(http).candidate()
    spoken = {"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "es"}]}}
    needs = {"extension": [{"url": NEEDED, "valueCoding": YES}]}
    patient = {"resourceType": "Patient", "id": person.id}
    person.put(patient | needs | {"communication": [spoken | {"preferred": True}]})
    person.admit()

    assert asked(person)["interpreter"] == "requested"
    assert task(person, "interpreter")["description"].endswith("Language: es.")
    code = {"coding": [{"system": code_system("service"), "code": "interpreting"}]}
    order = person.referral | {"id": f"interpreting-{person.id}"[:60], "code": code}
    person.put(order)
    assert asked(person)["interpreter"] == "completed"
    person.put(order | {"status": "revoked"})
    assert asked(person)["interpreter"] == "completed"


def test_of_a_minor_the_guardians_consent_is_asked_for_before(http: httpx.Client) -> None:
    person = Programme(http).candidate()
    born = f"{person.now().year - 15}-01-01"
    person.put({"resourceType": "Patient", "id": person.id, "birthDate": born})
    person.put(person.read(person.episode) | {"careManager": {"display": "Intake"}})
    assert asked(person) == {"consent-to-treatment": "requested"}

    guardian(person)
    given(person, "treatment")
    assert asked(person) == {"consent-to-treatment": "requested"}
    ends = (person.now() + timedelta(days=1)).isoformat()
    consent(person, provision={"type": "permit", "period": {"end": ends}})
    assert asked(person) == {"consent-to-treatment": "completed"}
    person.pass_time(timedelta(days=1))
    assert asked(person) == {"consent-to-treatment": "requested"}

    consent(person)
    assert asked(person) == {"consent-to-treatment": "completed"}
    assert person.admit().json()["status"] == "active"
    assert asked(person) == {"consent-to-treatment": "completed"}


def test_a_guardian_who_is_one_no_more_is_missed_at_once(http: httpx.Client) -> None:
    person = Programme(http).candidate()
    # Nothing was asked for while the record knew of no minor.
    assert asked(person) == {}
    born = f"{person.now().year - 15}-01-01"
    person.put({"resourceType": "Patient", "id": person.id, "birthDate": born})
    mother = guardian(person, "MTH")
    consent(person)
    assert person.admit().json()["status"] == "active"
    assert asked(person) == {}

    person.put(mother | {"active": False})
    assert asked(person) == {"consent-to-treatment": "requested"}
    ends = person.now() + timedelta(days=1)
    person.put(mother | {"period": {"end": ends.isoformat(timespec="seconds")}})
    assert asked(person) == {"consent-to-treatment": "completed"}
    person.pass_time(timedelta(days=1, seconds=1))
    assert asked(person) == {"consent-to-treatment": "requested"}

    person.put(mother)
    assert asked(person) == {"consent-to-treatment": "completed"}
    assert person.read(person.episode)["status"] == "active"


def test_who_comes_of_age_is_asked_for_their_own_consent(http: httpx.Client) -> None:
    person = Programme(http).candidate()
    assert asked(person) == {}
    grown = person.now() + timedelta(days=2)
    # Of those who grow up on a 29th of February, none was born on one.
    day = f"{grown:%m-%d}".replace("02-29", "03-01")
    person.put(
        {"resourceType": "Patient", "id": person.id, "birthDate": f"{grown.year - 18}-{day}"}
    )
    guardian(person)
    consent(person)
    assert person.admit().json()["status"] == "active"
    assert asked(person) == {}

    person.pass_time(timedelta(days=4))
    assert asked(person) == {"consent-to-treatment": "requested"}
    given(person, "treatment")
    assert asked(person) == {"consent-to-treatment": "completed"}


def test_history_that_is_loaded_asks_for_nothing(http: httpx.Client) -> None:
    loaded = Candidate(http, "active")
    told = loaded.put(loaded.episode | {"careManager": {"display": "Clinic"}})

    assert asked(loaded) == {}
    # Whose programme is not told takes a place of each.
    loaded.put(told | {"status": "finished"})
