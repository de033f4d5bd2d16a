"""A person's own plans, to prevent a relapse and to stay safe, beside the programme's plan."""

from __future__ import annotations

import uuid
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.journey.planning import Planned, issue, until
from tests.unit.care.own_plans import TRIGGERS, relapse_plan, safety_plan, without

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs
    from tests.services.person import Resource


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=all_in_one.fhir, timeout=180, trust_env=False) as each:
        until(lambda: each.get("PlanDefinition/iop-adult").is_success)
        yield each


@pytest.fixture
def person(http: httpx.Client) -> Planned:
    return Planned(http)


def theirs(person: Planned, plan: Resource) -> Resource:
    """Let a plan be of somebody in the record, with the triggers that they have."""
    names = {each: f"{each}-{person.id}" for each in TRIGGERS}
    text = {"code": {"text": "A trigger"}, "subject": person.reference}
    for name in names.values():
        kind, _, logical_id = name.partition("/")
        more = {"status": "final"} if kind == "Observation" else {}
        person.put({"resourceType": kind, "id": logical_id} | text | more)
    own = plan | {"id": f"own-{uuid.uuid4()}", "subject": person.reference}
    for element in ("addresses", "supportingInfo"):
        if element in plan:
            own[element] = [{"reference": names[e["reference"]]} for e in plan[element]]
    own["activity"] = [{"detail": _about(each["detail"], names)} for each in plan["activity"]]
    return own


def _about(detail: Resource, names: dict[str, str]) -> Resource:
    reasons = [{"reference": names[e["reference"]]} for e in detail.get("reasonReference", ())]
    return detail | ({"reasonReference": reasons} if reasons else {})


def page(person: Planned, plan: Resource) -> Resource | None:
    return person.read(plan).get("text")


def test_own_plans_are_kept_told_and_given_out_with_everything(person: Planned) -> None:
    soon = (person.now() + timedelta(days=60)).date().isoformat()
    plans = [theirs(person, each) for each in (relapse_plan(soon), safety_plan())]
    for each in plans:
        answer = person.write(each)
        assert answer.status_code == 201, answer.text
    person.activate(person.apply())

    told = [until(partial(page, person, each)) for each in plans]

    assert "Early signs of a relapse" in told[0]["div"]
    assert "Whom I ask for help" in told[1]["div"]
    everything = person.http.get(f"Patient/{person.id}/$everything", params={"_count": "1000"})
    found = {each["resource"]["id"] for each in everything.json()["entry"]}
    assert {each["id"] for each in plans} <= found


def test_an_unfinished_own_plan_stays_a_draft(person: Planned) -> None:
    late = (person.now() + timedelta(days=400)).date().isoformat()
    plan = theirs(person, relapse_plan((person.now() + timedelta(days=9)).date().isoformat()))
    idle = without(plan, "coping-action")

    refusals = {
        f"Nothing is to be done about Condition/pain-{person.id}": idle,
        "no words for lapse-response": without(plan, "lapse-response"),
        "at most 90 days": without(plan, "review", scheduledPeriod={"end": late}),
    }

    for told, refused in refusals.items():
        answer = person.write(refused)
        assert answer.status_code == 422, answer.text
        said = [each["diagnostics"] for each in answer.json()["issue"]]
        assert any(told in each for each in said), said
    assert person.write(idle | {"status": "draft"}).status_code == 201
    assert person.write(plan).is_success
    safe = theirs(person, safety_plan())
    unsafe = person.write(without(safe, "safe-environment"))
    assert unsafe.status_code == 422
    assert "The safety plan has no words for safe-environment." in issue(unsafe)
