"""A person's own plans are made from templates: every trigger with its action and its owner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from shared.care.own_plans import KINDS
from tests.journey.planning import Planned, issue, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs
    from tests.services.person import Resource

RELAPSE, SAFETY = "relapse-prevention-plan", "safety-plan"
Part = dict[str, Any]


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=all_in_one.fhir, timeout=180, trust_env=False) as each:
        until(lambda: each.get(f"PlanDefinition/{RELAPSE}").is_success)
        yield each


@pytest.fixture
def person(http: httpx.Client) -> Planned:
    return Planned(http)


def applied(person: Planned, template: str, *given: Part) -> httpx.Response:
    subject = {"name": "subject", "valueString": f"Patient/{person.id}"}
    body = {"resourceType": "Parameters", "parameter": [subject, *given]}
    headers = {"X-Stepdown-Actor": person.clinician}
    return person.http.post(f"PlanDefinition/{template}/$apply", json=body, headers=headers)


def pain(person: Planned) -> str:
    """Record what can lead to a relapse."""
    own = {"resourceType": "Condition", "id": f"pain-{person.id}", "subject": person.reference}
    return f"Condition/{person.put(own | {'code': {'text': 'Back pain'}})['id']}"


def trigger(what: str, *actions: str, owner: str | None = None) -> Part:
    parts = [{"name": "what", "valueReference": {"reference": what}}]
    parts += [{"name": "action", "valueString": each} for each in actions]
    parts += [{"name": "owner", "valueReference": {"reference": owner}}] if owner else []
    return {"name": "trigger", "part": parts}


def said(code: str) -> Part:
    words = {"name": "words", "valueString": f"My words of {code}"}
    return {"name": "part", "part": [{"name": "code", "valueCode": code}, words]}


def test_a_relapse_prevention_plan_begins_with_its_triggers(person: Planned) -> None:
    what, owner = pain(person), f"Patient/{person.id}"
    asked = (trigger(what, "I call Mia.", "I walk.", owner=owner), said("early-sign"))

    answer = applied(person, RELAPSE, *asked)

    assert answer.status_code == 200, answer.text
    plan = answer.json()
    assert (plan["status"], plan["intent"]) == ("draft", "plan")
    assert plan["addresses"] == [{"reference": what, "display": "Back pain"}]
    actions = [e["detail"] for e in plan["activity"] if "performer" in e["detail"]]
    assert [each["description"] for each in actions] == ["I call Mia.", "I walk."]
    assert {each["performer"][0]["reference"] for each in actions} == {owner}
    page = plan["text"]["div"]
    assert "Back pain: I call Mia." in page
    assert "My words of early-sign" in page
    assert applied(person, RELAPSE, *asked).json()["id"] == plan["id"]
    signatures = person.http.get("Provenance", params={"target": f"CarePlan/{plan['id']}"}).json()
    [signed] = [each["resource"] for each in signatures["entry"]]
    assert signed["agent"][0]["who"] == {"reference": person.clinician}
    other = applied(person, RELAPSE, *asked, said("support"))
    assert (other.status_code, "finish it, or revoke it before" in issue(other)) == (409, True)


def test_a_trigger_without_an_action_or_an_owner_is_refused(person: Planned) -> None:
    what, owner = pain(person), f"Patient/{person.id}"
    refused = {
        "$apply needs the parameter action (string).": trigger(what, owner=owner),
        "$apply needs the parameter owner (Reference).": trigger(what, "I walk."),
    }

    for told, given in refused.items():
        answer = applied(person, RELAPSE, given)
        assert answer.status_code == 400, answer.text
        assert issue(answer) == told
    nothing = applied(person, RELAPSE)
    assert nothing.status_code == 422
    assert "The plan names no trigger" in issue(nothing)
    theirs = applied(person, RELAPSE, trigger(pain(Planned(person.http)), "I walk.", owner=owner))
    assert theirs.status_code == 422
    assert applied(person, SAFETY, trigger(what, "I walk.", owner=owner)).status_code == 422
    assert applied(person, "iop-adult", said("early-sign")).status_code == 422
    assert person.all("CarePlan") == []


@pytest.mark.parametrize(("template", "kind"), [(RELAPSE, "relapse-prevention"), (SAFETY, SAFETY)])
def test_what_is_said_whole_can_be_made_active(person: Planned, template: str, kind: str) -> None:
    codes = KINDS[kind]["parts"]
    has_triggers = kind == "relapse-prevention"
    own = [trigger(pain(person), "I walk.", owner=person.clinician)] if has_triggers else []
    plan = applied(person, template, *own, *map(said, codes[1:])).json()

    unfinished = person.write(plan | {"status": "active"})

    assert unfinished.status_code == 422
    assert f"has no words for {codes[0]}." in issue(unfinished)
    [empty] = [e["detail"] for e in plan["activity"] if "description" not in e["detail"]]
    empty["description"] = "Now I know."
    assert person.write(plan | {"status": "active"}).is_success
    [active] = person.all("CarePlan", category=kind, status="active")
    assert active["id"] == plan["id"]


def test_the_templates_name_every_part(http: httpx.Client) -> None:
    for template, kind in ((RELAPSE, "relapse-prevention"), (SAFETY, SAFETY)):
        definition: Resource = http.get(f"PlanDefinition/{template}").json()
        assert [each["id"] for each in definition["action"]] == KINDS[kind]["parts"]
