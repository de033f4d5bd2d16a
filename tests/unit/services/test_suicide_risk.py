"""A high suicide risk, and the alert that is the same however often it is raised."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.progress_api.domain import suicide_risk
from services.progress_api.domain.suicide_risk import Cause
from shared.care.canonical import CAUSE, code_system
from shared.fhir.references import Links
from shared.fhir.validation import validate

LOINC = "http://loinc.org"
STATED = "2026-03-05T09:15:00.000Z"
BASES = ("http://127.0.0.1:8000/fhir",)
IDS = st.from_regex(r"[A-Za-z0-9\-.]{1,64}", fullmatch=True)
CAUSES = st.builds(Cause, IDS, st.integers(1, 99), IDS, st.just(STATED), st.booleans())


def concept(code: str, system: str = LOINC) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def an_observation(**changes: object) -> dict[str, Any]:
    observation = {
        "resourceType": "Observation",
        "status": "final",
        "code": concept("93374-7"),
        "subject": {"reference": "Patient/p1"},
        "valueCodeableConcept": concept("LA9193-9"),
    }
    return {name: value for name, value in (observation | changes).items() if value is not None}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"status": "amended"},
        {"status": "corrected"},
        {"subject": {"reference": "http://127.0.0.1:8000/fhir/Patient/p1"}},
        {"subject": {"reference": "Patient/p1/_history/2"}},
        {
            "code": concept("93373-9"),
            "valueCodeableConcept": None,
            "component": [
                {"code": concept("93246-7"), "valueCodeableConcept": concept("LA33-6")},
                {"code": concept("93374-7"), "valueCodeableConcept": concept("LA9193-9")},
            ],
        },
    ],
)
def test_a_high_risk_names_the_person(changes: dict[str, Any]) -> None:
    assert suicide_risk.person_at_high_risk(an_observation(**changes), BASES) == "p1"


def an_open_risk(highest: str) -> dict[str, Any]:
    level = concept("highest", code_system("suicide-risk"))
    return an_observation(
        valueCodeableConcept=concept("unknown", code_system("suicide-risk")),
        component=[
            {"code": concept("lowest", code_system("suicide-risk"))}
            | {"valueCodeableConcept": concept("LA9194-7")},
            {"code": level, "valueCodeableConcept": concept(highest)},
        ],
    )


def test_a_risk_that_may_be_high_names_the_person_and_is_not_certain() -> None:
    assert suicide_risk.person_at_high_risk(an_open_risk("LA9193-9"), BASES) == "p1"
    assert not suicide_risk.is_certain(an_open_risk("LA9193-9"))
    assert suicide_risk.is_certain(an_observation())


def test_a_risk_that_cannot_be_high_names_nobody() -> None:
    assert suicide_risk.person_at_high_risk(an_open_risk("LA6751-7"), BASES) is None


@given(cause=CAUSES)
def test_an_alert_says_whether_the_risk_is_high_or_may_be(cause: Cause) -> None:
    flag, task, _ = (entry["resource"] for entry in suicide_risk.alert(cause)["entry"])

    assert ("not ruled out" in flag["code"]["text"]) != cause.certain
    assert ("does not rule out" in task["description"]) != cause.certain


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "preliminary"},
        {"status": "entered-in-error"},
        {"valueCodeableConcept": concept("LA6751-7")},
        {"valueCodeableConcept": concept("LA9193-9", "https://elsewhere.example")},
        {"valueCodeableConcept": None},
        {"valueCodeableConcept": {"text": "High risk"}},
        {"code": concept("44261-6")},
        {"subject": {"reference": "Group/g1"}},
        {"subject": {"reference": "https://elsewhere.example/fhir/Patient/p1"}},
        {"subject": {"display": "somebody"}},
        {"subject": None},
        {
            "valueCodeableConcept": None,
            "component": [{"code": concept("93246-7"), "valueCodeableConcept": concept("LA33-6")}],
        },
    ],
)
def test_anything_else_names_nobody(changes: dict[str, Any]) -> None:
    assert suicide_risk.person_at_high_risk(an_observation(**changes), BASES) is None


@given(cause=CAUSES)
def test_every_alert_is_a_valid_transaction_about_the_person(cause: Cause) -> None:
    bundle = suicide_risk.alert(cause)
    flag, task, said = (entry["resource"] for entry in bundle["entry"])

    assert validate(bundle) == []
    assert (flag["category"][0]["coding"][0]["code"], flag["status"]) == ("safety", "active")
    assert (task["priority"], task["status"], task["intent"]) == ("stat", "requested", "order")
    for resource in (flag, task):
        assert ("Patient", cause.patient_id) in Links(resource).local_targets()
    assert ("Observation", cause.observation_id) in Links(said).local_targets()


@given(cause=CAUSES)
def test_what_an_alert_makes_it_makes_only_where_it_is_missing(cause: Cause) -> None:
    *made, said = suicide_risk.alert(cause)["entry"]

    for entry in made:
        [identifier] = entry["resource"]["identifier"]
        assert identifier == {"system": CAUSE, "value": cause.name}
        assert entry["request"]["ifNoneExist"] == f"identifier={CAUSE}|{cause.name}"
    assert said["request"] == {"method": "PUT", "url": f"Provenance/{said['resource']['id']}"}
    assert suicide_risk.alert(cause) == suicide_risk.alert(cause)


@given(one=CAUSES, other=CAUSES)
def test_each_cause_raises_an_alert_of_its_own(one: Cause, other: Cause) -> None:
    same = (one.observation_id, one.version) == (other.observation_id, other.version)

    assert (one.name == other.name) == same


@given(cause=CAUSES)
def test_no_alert_is_signed_by_a_person(cause: Cause) -> None:
    said = suicide_risk.alert(cause)["entry"][-1]["resource"]
    [agent] = said["agent"]

    assert "reference" not in agent["who"]
    assert agent["who"]["identifier"]["value"] == "safety-alert-on-high-suicide-risk|1.1"
