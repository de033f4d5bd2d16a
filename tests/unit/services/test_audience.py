"""A template says for people of which age it is, and a plan of it where somebody is of another."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import Any

import pytest

from services.plan_api.domain import applied_plan
from services.plan_api.domain.needs import Known
from services.plan_api.templates import ADULT, TEMPLATES
from tests.unit.services.test_applied_plan import CONSENT, TEMPLATE, application


def of_age(**ends: object) -> dict[str, Any]:
    code = {"system": "http://terminology.hl7.org/CodeSystem/usage-context-type", "code": "age"}
    unit = {"system": "http://unitsofmeasure.org", "code": "a"}
    return {"code": code, "valueRange": {name: {"value": n} | unit for name, n in ends.items()}}


def told_of_age(definition: dict[str, Any], born: str | None) -> list[str]:
    """Apply a template to somebody of a day of birth on 2 March 2026, and read what is told."""
    template = replace(TEMPLATE, definition=definition)
    patient = {"resourceType": "Patient", "id": "p"} | ({"birthDate": born} if born else {})
    known = Known(patient=patient, consents=(CONSENT,), related=[{"id": "mia"}])
    bundle = applied_plan.bundle(template, application(), known=known, prepared=None)
    plan = bundle["entry"][0]["resource"]
    told = [each["text"].removeprefix("Not met: ") for each in plan.get("note", ())]
    assert all(escape(each) in plan["text"]["div"] for each in told)
    return [each for each in told if "years" in each]


@pytest.mark.parametrize(
    ("born", "tells_adult", "tells_adolescent"),
    [
        ("2012-01-01", True, False),
        ("2008-03-03", True, False),
        ("2008-03-02", False, True),
        ("1976-03-02", False, True),
        ("2012", False, False),
        (None, False, False),
    ],
)
def test_a_template_for_another_age_is_applied_and_says_so(
    born: str | None, *, tells_adult: bool, tells_adolescent: bool
) -> None:
    of_adults = [each for each in (ADULT, *TEMPLATES) if each["id"] != "iop-adolescent"]
    [adolescent] = [each for each in TEMPLATES if each["id"] == "iop-adolescent"]
    assert len(of_adults) == 4
    for each in of_adults:
        told = told_of_age(each, born)
        assert [e.split(";")[0] for e in told] == [
            "The template is for people from 18 years on"
        ] * tells_adult
    told = told_of_age(adolescent, born)
    assert [e.split(";")[0] for e in told] == [
        "The template is for people up to 17 years"
    ] * tells_adolescent


@pytest.mark.parametrize(
    ("contexts", "told"),
    [
        ([of_age(low=60)], 1),
        ([of_age(low=60, high=70)], 1),
        ([of_age(low=30, high=49)], 1),
        ([of_age(low=50, high=50)], 0),
        ([of_age(high=49.5), of_age(low=51)], 2),
        ([of_age(low=60) | {"code": {"system": "urn:other", "code": "age"}}], 0),
        ([{"code": of_age()["code"], "valueRange": {"low": {"value": 720, "code": "mo"}}}], 0),
        ([{"code": of_age()["code"], "valueCodeableConcept": {"text": "Adult"}}], 0),
    ],
)
def test_the_ages_of_a_template_of_others_are_those_it_says(
    contexts: list[dict[str, Any]], told: int
) -> None:
    assert len(told_of_age(ADULT | {"useContext": contexts}, "1976-01-01")) == told
