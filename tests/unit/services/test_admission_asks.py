"""What an admission asks for: of whom, what answers it, and what becomes of each Task."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.intake_api.domain import clock
from services.intake_api.domain.admission_asks import (
    ASKS,
    Admission,
    begins,
    followed,
    lost,
    wanted,
)
from shared.care.canonical import code_system, profile
from shared.care.consent import SCOPE
from shared.care.episode import PROGRAMME
from shared.care.worklist import due
from tests.journey.guardian import ROLE

Resource = dict[str, Any]
NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
AT, LATER = "2026-03-05T12:00:00.000Z", "2026-03-06T12:00:00.000Z"
EPISODE: Resource = {
    "resourceType": "EpisodeOfCare",
    "id": "e",
    "status": "active",
    "type": [{"coding": [PROGRAMME]}],
    "patient": {"reference": "Patient/p"},
}
PART_2 = {"extension": [{"url": profile("part-2-programme"), "valueBoolean": True}]}
NEEDS = {
    "extension": [
        {
            "url": "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired",
            "valueBoolean": True,
        }
    ],
    "communication": [
        {"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "es"}]}, "preferred": True}
    ],
}
CODES = [each["code"] for each in ASKS]
TREATMENT, DISCLOSURE, INTERPRETER = CODES
GUARDIAN = {
    "resourceType": "RelatedPerson",
    "id": "g",
    "relationship": [{"coding": [{"system": ROLE, "code": "GUARD"}]}],
}
ADMISSION = Admission(EPISODE, {}, {}, [], [], NOW)


def consent(scope: str = "treatment", **changes: object) -> Resource:
    return {
        "resourceType": "Consent",
        "id": "c",
        "status": "active",
        "scope": {"coding": [{"system": SCOPE, "code": scope}]},
        **changes,
    }


def interpreting(status: str = "active", code: str = "interpreting") -> Resource:
    coding = {"system": code_system("service"), "code": code}
    return {
        "resourceType": "ServiceRequest",
        "id": "s",
        "status": status,
        "code": {"coding": [coding]},
    }


def asked(admission: Admission) -> list[str]:
    return [each["code"]["coding"][0]["code"] for each in wanted(admission, AT)]


def task(admission: Admission = ADMISSION, code: str = TREATMENT) -> Resource:
    [found] = [e for e in wanted(admission, AT) if e["code"]["coding"][0]["code"] == code]
    return found


@pytest.mark.parametrize(
    ("patient", "organization", "expected"),
    [
        ({}, {}, [TREATMENT]),
        ({}, PART_2, [TREATMENT, DISCLOSURE]),
        (NEEDS, {}, [TREATMENT, INTERPRETER]),
        (NEEDS, PART_2, CODES),
    ],
)
def test_who_is_asked_for_what(
    patient: Resource, organization: Resource, expected: list[str]
) -> None:
    assert asked(replace(ADMISSION, patient=patient, organization=organization)) == expected


@pytest.mark.parametrize(
    ("answer", "missing"),
    [
        (consent(), [DISCLOSURE, INTERPRETER]),
        (consent("patient-privacy"), [TREATMENT, INTERPRETER]),
        (interpreting(), [TREATMENT, DISCLOSURE]),
        (interpreting("completed"), [TREATMENT, DISCLOSURE]),
        (interpreting("draft"), CODES),
        (interpreting("revoked"), CODES),
        (interpreting(code="yoga"), CODES),
        (consent(status="draft"), CODES),
        (consent(status="inactive"), CODES),
        (consent("research"), CODES),
        (consent(provision={"type": "deny"}), CODES),
        (consent(provision={"period": {"end": "2026-03-01"}}), CODES),
        (consent(provision={"period": {"start": "2026-04-01"}}), CODES),
    ],
)
def test_what_is_there_is_not_asked_for(answer: Resource, missing: list[str]) -> None:
    admission = replace(ADMISSION, patient=NEEDS, organization=PART_2, answers=[answer])

    assert asked(admission) == missing


def test_of_a_minor_only_the_guardians_consent_counts() -> None:
    by = consent() | {"performer": [{"reference": "RelatedPerson/g"}]}
    minor = replace(ADMISSION, patient={"birthDate": "2010-01-01"}, related=[GUARDIAN])

    assert asked(replace(minor, answers=[consent()])) == [TREATMENT]
    assert asked(replace(minor, answers=[by])) == []


def test_a_task_says_what_whose_and_for_whom() -> None:
    told = task(replace(ADMISSION, patient=NEEDS), INTERPRETER)

    assert (told["status"], told["intent"], told["priority"]) == ("requested", "order", "urgent")
    assert told["focus"] == {"reference": "EpisodeOfCare/e"}
    assert told["for"] == EPISODE["patient"]
    assert told["description"].endswith("Language: es.")
    team = {"reference": "CareTeam/t"}
    assert task(replace(ADMISSION, episode=EPISODE | {"team": [team]}))["owner"] == team
    assert task()["id"] == task()["id"] != told["id"]


@pytest.mark.parametrize(
    ("before", "status", "minor", "expected"),
    [
        ("planned", "active", False, True),
        ("waitlist", "active", False, True),
        ("planned", "waitlist", False, False),
        ("active", "active", False, False),
        ("onhold", "active", False, False),
        ("planned", "onhold", False, True),
        ("waitlist", "onhold", False, True),
        ("active", "onhold", False, False),
        (None, "active", False, False),
        (None, "planned", False, False),
        (None, "planned", True, True),
        ("planned", "waitlist", True, True),
        (None, "finished", True, False),
    ],
)
def test_it_is_asked_at_an_admission(
    before: str | None, status: str, *, minor: bool, expected: bool
) -> None:
    earlier = EPISODE | {"status": before} if before else None

    assert begins(earlier, EPISODE | {"status": status}, minor=minor) == expected
    assert not begins(earlier, {"status": status, "type": []}, minor=minor)


def test_a_task_follows_its_consent_and_is_asked_for_again_when_that_is_taken_back() -> None:
    given = replace(ADMISSION, answers=[consent()])
    done = followed(task(), given, LATER)

    assert done is not None
    assert (done["status"], done["lastModified"]) == ("completed", LATER)
    assert [each["valueReference"] for each in done["output"]] == [{"reference": "Consent/c"}]
    assert followed(done, given, LATER) is None
    # It was late before it was answered; now there is as much time as there was at first.
    again = followed(clock.overdue(done), ADMISSION, LATER)
    anew = {"lastModified": LATER, "restriction": due("consent-to-treatment", LATER)}
    assert again == task() | anew
    assert followed(task(), ADMISSION, LATER) is None


@pytest.mark.parametrize(
    ("status", "born", "before", "expected"),
    [
        ("active", "1980-01-01", consent(), [TREATMENT]),
        ("onhold", "1980-01-01", consent("patient-privacy"), [DISCLOSURE]),
        ("active", "1980-01-01", consent(status="inactive"), []),
        ("active", "1980-01-01", consent("research"), []),
        ("active", "1980-01-01", interpreting(), []),
        ("planned", "1980-01-01", consent(), []),
        ("finished", "1980-01-01", consent(), []),
        (
            "waitlist",
            "2010-01-01",
            consent(performer=[{"reference": "RelatedPerson/g"}]),
            [TREATMENT],
        ),
        ("waitlist", "2010-01-01", consent(), []),
    ],
)
def test_what_a_consent_answered_is_asked_for_when_it_is_none_any_more(
    status: str, born: str, before: Resource, expected: list[str]
) -> None:
    now = replace(ADMISSION, episode=EPISODE | {"status": status}, patient={"birthDate": born})
    now = replace(now, related=[GUARDIAN])

    assert [each["code"] for each in lost(replace(now, answers=[before]), now)] == expected
    assert not lost(now, now)


@pytest.mark.parametrize("status", ["planned", "waitlist", "active", "onhold"])
@pytest.mark.parametrize(
    "changes",
    [
        {"active": False},
        {"period": {"end": "2026-03-05T11:00:00Z"}},
        {"period": {"start": "2026-03-06"}},
        {"relationship": [{"coding": [{"system": ROLE, "code": "FRND"}]}]},
    ],
)
def test_a_guardian_who_is_one_no_more_consents_no_more(status: str, changes: Resource) -> None:
    episode, patient = EPISODE | {"status": status}, {"birthDate": "2010-01-01"}
    by = consent(performer=[{"reference": "RelatedPerson/g"}])
    now = replace(ADMISSION, episode=episode, patient=patient, answers=[by])
    now = replace(now, related=[GUARDIAN | changes])

    assert [each["code"] for each in lost(now.before(GUARDIAN, NOW), now)] == [TREATMENT]
    assert asked(now) == [TREATMENT]
    # Another guardian, who consents as well, goes on standing for the minor.
    other = consent(id="d", performer=[{"reference": "RelatedPerson/h"}])
    both = replace(now, related=[*now.related, GUARDIAN | {"id": "h"}], answers=[by, other])
    assert asked(both) == []
    # An adult consents themselves.
    grown = replace(now, patient={"birthDate": "1980-01-01"})
    assert asked(grown) == []


def test_who_comes_of_age_consents_themselves() -> None:
    by = consent(performer=[{"reference": "RelatedPerson/g"}], dateTime="2026-03-01")
    grown: Resource = {"resourceType": "Patient", "id": "p", "birthDate": "2008-03-05"}
    now = replace(ADMISSION, patient=grown, answers=[by], related=[GUARDIAN])
    earlier = now.before(grown, NOW - timedelta(days=1))

    assert asked(earlier) == []
    assert [each["code"] for each in lost(earlier, now)] == [TREATMENT]
    assert asked(now) == [TREATMENT]
    assert asked(replace(now, answers=[by, consent(id="own")])) == []


def test_an_interpreter_who_was_ordered_is_not_asked_for_again() -> None:
    needing = replace(ADMISSION, patient=NEEDS)
    ordered = replace(needing, answers=[interpreting()])
    done = followed(task(needing, INTERPRETER), ordered, LATER)

    assert done is not None
    assert done["status"] == "completed"
    assert followed(done, needing, LATER) is None


@pytest.mark.parametrize("status", ["finished", "cancelled", "entered-in-error"])
def test_a_task_ends_with_its_episode_and_comes_back_with_it(status: str) -> None:
    over = replace(ADMISSION, episode=EPISODE | {"status": status}, answers=[consent()])
    cancelled = followed(task(), over, LATER)

    assert cancelled is not None
    assert cancelled["status"] == "cancelled"
    assert followed(cancelled, over, LATER) is None
    anew = {"lastModified": LATER, "restriction": due("consent-to-treatment", LATER)}
    assert followed(cancelled, ADMISSION, LATER) == task() | anew


@pytest.mark.parametrize("status", ["completed", "rejected", "cancelled", "failed"])
def test_what_people_have_ended_is_left_to_them(status: str) -> None:
    ended = task() | {"status": status}

    assert followed(ended, ADMISSION, LATER) is None
    assert followed(ended, replace(ADMISSION, answers=[consent()]), LATER) is None
