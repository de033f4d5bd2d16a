"""Which measures are asked for: by age, conditions and the plan's template; and the reminders."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.canonical import CANONICAL, POLICY, profile
from tests.journey.guardian import consent, guardian
from tests.journey.participant import Participant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs
    from tests.services.person import Resource

DAY = timedelta(days=1)
WEEK = 7 * DAY
ICD_10 = "http://hl7.org/fhir/sid/icd-10-cm"
CATEGORY = "http://hl7.org/fhir/us/core/CodeSystem/careplan-category"
NAMES = ("phq-9", "gad-7", "phq-a", "bam-iop", "pcl-5", "who-5")


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    headers = {"X-Stepdown-Actor": "Practitioner/tester"}
    with httpx.Client(
        base_url=all_in_one.fhir, headers=headers, timeout=180, trust_env=False
    ) as each:
        yield each


@pytest.fixture
def person(http: httpx.Client) -> Iterator[Participant]:
    person = Participant(http)
    person.pass_time()
    yield person
    person.leaves()


def asked(person: Participant) -> dict[str, int]:
    """How many Tasks have asked for each measure."""
    counted = {name: len(person.measures(questionnaire=name)) for name in NAMES}
    return {name: number for name, number in counted.items() if number}


def condition(person: Participant, code: str, **changes: object) -> Resource:
    return person.put(
        {
            "resourceType": "Condition",
            "id": f"c-{person.id}",
            "code": {"coding": [{"system": ICD_10, "code": code}]},
            "subject": person.reference,
            **changes,
        }
    )


def plan(person: Participant, template: str, **changes: object) -> Resource:
    return person.put(
        {
            "resourceType": "CarePlan",
            "id": f"plan-{person.id}",
            "meta": {"profile": [profile("stepdown-careplan")]},
            "status": "completed",
            "intent": "plan",
            "category": [{"coding": [{"system": CATEGORY, "code": "assess-plan"}]}],
            "instantiatesCanonical": [f"{CANONICAL}/PlanDefinition/{template}|1.0"],
            "subject": person.reference,
            **changes,
        }
    )


def reminders(person: Participant) -> list[Resource]:
    return person.found("CommunicationRequest")


def test_everybody_is_asked_two_measures_and_adolescents_their_own(
    person: Participant, http: httpx.Client
) -> None:
    assert asked(person) == {"phq-9": 1, "gad-7": 1}

    young = Participant(http, "planned")
    born = (person.now() - 15 * 366 * DAY).date().isoformat()
    young.put({"resourceType": "Patient", "id": young.id, "birthDate": born})
    guardian(young)
    consent(young)
    young.is_admitted()
    young.pass_time()

    assert asked(young) == {"gad-7": 1, "phq-a": 1}
    young.leaves()


@pytest.mark.parametrize(
    ("code", "name", "after_four_weeks"), [("F10.20", "bam-iop", 5), ("F43.10", "pcl-5", 2)]
)
def test_a_condition_asks_for_a_measure_in_its_rhythm(
    person: Participant, code: str, name: str, after_four_weeks: int
) -> None:
    condition(person, code)
    person.pass_time()
    assert asked(person) == {"phq-9": 1, "gad-7": 1, name: 1}

    person.pass_time(4 * WEEK)
    assert asked(person) == {"phq-9": 5, "gad-7": 5, name: after_four_weeks}


def test_what_loses_its_ground_is_not_asked_any_more(person: Participant) -> None:
    told = condition(person, "F10.20")
    person.pass_time()
    [task] = person.measures("requested", "bam-iop")
    system = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
    person.put(told | {"verificationStatus": {"coding": [{"system": system, "code": "refuted"}]}})
    person.pass_time()
    assert person.read(task)["status"] == "cancelled"
    assert [len(person.measures("requested", name)) for name in ("phq-9", "gad-7")] == [1, 1]
    person.put(told)
    person.pass_time()
    assert person.read(task)["status"] == "requested"


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("F17.200", {}),
        ("F10.20", {"verificationStatus": {"coding": [{"code": "refuted"}]}}),
        ("F10.20", {"clinicalStatus": {"coding": [{"code": "resolved"}]}}),
    ],
)
def test_what_is_no_ground_asks_for_nothing(
    person: Participant, code: str, changes: dict[str, Resource]
) -> None:
    systems = {
        "verificationStatus": "http://terminology.hl7.org/CodeSystem/condition-ver-status",
        "clinicalStatus": "http://terminology.hl7.org/CodeSystem/condition-clinical",
    }
    for name, told in changes.items():
        told["coding"][0]["system"] = systems[name]
    condition(person, code, **changes)
    person.pass_time()

    assert asked(person) == {"phq-9": 1, "gad-7": 1}


def test_what_is_learnt_late_asks_for_no_window_that_has_passed(person: Participant) -> None:
    person.pass_time(2 * WEEK)
    condition(person, "F11.20")
    person.pass_time()

    [task] = person.measures(questionnaire="bam-iop")
    assert task["status"] == "requested"
    last = person.measures()[-1]
    assert task["restriction"] == last["restriction"]
    assert task["authoredOn"] > last["authoredOn"]


def test_the_template_of_the_plan_asks_for_its_measures(person: Participant) -> None:
    plan(person, "iop-dual-diagnosis")
    person.pass_time()

    assert asked(person) == {"phq-9": 1, "gad-7": 1, "bam-iop": 1, "who-5": 1}


def test_who_has_not_answered_is_reminded_once(person: Participant) -> None:
    person.answer()
    person.pass_time(5 * DAY)
    person.pass_time()
    [reminder] = reminders(person)

    [task] = person.measures(questionnaire="gad-7")
    assert reminder["about"] == [{"reference": f"Task/{task['id']}"}]
    assert reminder["recipient"] == [person.reference]
    assert reminder["status"] == "active"
    [said] = person.told_of(reminder)
    assert said["agent"][0]["who"]["identifier"] == {
        "system": POLICY,
        "value": "measures-fall-due|1.2",
    }

    person.answer("gad-7")
    person.pass_time(DAY)
    [ended] = reminders(person)
    assert (ended["id"], ended["status"]) == (reminder["id"], "completed")


def test_nobody_is_reminded_in_a_pause_nor_after_death(
    person: Participant, http: httpx.Client
) -> None:
    other = Participant(http)
    other.pass_time()
    person.becomes("onhold")
    dead = {"resourceType": "Patient", "id": other.id, "deceasedBoolean": True}
    other.put(dead)
    other.pass_time(6 * DAY)

    assert reminders(person) == reminders(other) == []
