"""A clinician proposes a revision: what changes is told, and accepting it changes just that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from shared.care.canonical import code_system, profile
from tests.journey.planning import Planned, activity, issue, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs
    from tests.services.person import Resource

ACCEPT, REJECT, PROPOSE = "$accept-revision", "$reject-revision", "$propose-revision"


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=all_in_one.fhir, timeout=180, trust_env=False) as each:
        until(lambda: each.get("PlanDefinition/iop-adult").is_success)
        yield each


@pytest.fixture
def person(http: httpx.Client) -> Planned:
    return Planned(http)


@pytest.fixture
def plan(person: Planned) -> Resource:
    """A plan in force, with all its orders."""
    active = person.activate(person.apply())
    until(lambda: {each["status"] for each in person.all("ServiceRequest")} == {"active"})
    return active


def proposes(person: Planned, plan: Resource, *given: Resource) -> httpx.Response:
    reason = {"name": "reason", "valueString": "Mornings are <hard> now."}
    body = {"resourceType": "Parameters", "parameter": [reason, *given]}
    path = f"CarePlan/{plan['id']}/{PROPOSE}"
    return person.http.post(path, json=body, headers={"X-Stepdown-Actor": person.clinician})


def removing(order: Resource) -> Resource:
    return {"name": "remove", "valueString": f"ServiceRequest/{order['id']}"}


def adding(order: Resource) -> Resource:
    return {"name": "add", "resource": order}


def later(order: Resource) -> Resource:
    """Order the same at four in the afternoon."""
    timing = order["occurrenceTiming"]
    moved = timing | {"repeat": timing["repeat"] | {"timeOfDay": ["16:00:00"]}}
    kept = ("resourceType", "instantiatesCanonical", "code", "status", "intent", "subject")
    return {name: order[name] for name in kept} | {"occurrenceTiming": moved}


def goal(person: Planned, text: str) -> Resource:
    """Aim at something of one's own."""
    own = {"resourceType": "Goal", "lifecycleStatus": "proposed", "subject": person.reference}
    return own | {"description": {"text": text}}


def goals(plan: Resource) -> list[str]:
    return [each["reference"] for each in plan["goal"]]


def orders(person: Planned, service: str) -> list[Resource]:
    canonical = f"{activity(service)}|1.0"
    found = person.all("ServiceRequest", instantiates_canonical=canonical)
    return [each for each in found if each["status"] == "active"]


def named(plan: Resource) -> set[str]:
    return {each["reference"]["reference"] for each in plan["activity"]}


def resource(reference: str) -> Resource:
    kind, _, logical_id = reference.partition("/")
    return {"resourceType": kind, "id": logical_id}


def changes(proposal: Resource) -> list[dict[str, Any]]:
    said = [e["extension"] for e in proposal["extension"] if e["url"] == profile("plan-change")]
    return [{part["url"]: list(part.values())[-1] for part in each} for each in said]


def test_a_proposal_tells_what_changes_and_changes_nothing_yet(
    person: Planned, plan: Resource
) -> None:
    [yoga, *_] = orders(person, "psychoeducation")
    [skills, *_] = orders(person, "skills-training")
    evidence = person.put(
        {
            "resourceType": "Observation",
            "id": f"o-{person.id}",
            "status": "final",
            "code": {"text": "Sleep"},
            "subject": person.reference,
        }
    )
    cited = {"name": "evidence", "valueString": f"Observation/{evidence['id']}"}
    asked = (removing(yoga), removing(skills), adding(later(skills)), cited)

    answer = proposes(person, plan, *asked)

    assert answer.status_code == 200, answer.text
    proposal = answer.json()
    assert proposal["supportingInfo"] == [{"reference": f"Observation/{evidence['id']}"}]
    assert proposal["replaces"] == [{"reference": f"CarePlan/{plan['id']}"}]
    assert {each["kind"] for each in changes(proposal)} == {"removed", "changed"}
    page = proposal["text"]["div"]
    assert "Why: Mornings are &lt;hard&gt; now." in page
    assert "Removed: Psychoeducation" in page
    assert "Changed: Skills training" in page
    assert "16:00" in page
    assert proposes(person, plan, *asked).json()["id"] == proposal["id"]
    assert person.read(plan) == plan
    [task] = person.all("Task", code="plan-review")
    assert task["focus"] == {"reference": f"CarePlan/{proposal['id']}"}


def test_what_is_accepted_is_changed_and_nothing_else(person: Planned, plan: Resource) -> None:
    [skills, *_] = orders(person, "skills-training")
    proposal = proposes(person, plan, removing(skills), adding(later(skills))).json()

    answer = person.ask(f"CarePlan/{proposal['id']}/{ACCEPT}", reason="Agreed.")

    assert answer.status_code == 200, answer.text
    revised = answer.json()
    [change] = changes(proposal)
    assert named(revised) - named(plan) == {change["after"]["reference"]}
    assert named(plan) - named(revised) == {f"ServiceRequest/{skills['id']}"}
    for element in ("goal", "careTeam", "period", "addresses", "title", "extension"):
        assert revised.get(element) == plan.get(element)
    assert person.read(skills)["status"] == "revoked"
    [now] = [
        e for e in orders(person, "skills-training") if e["id"] in change["after"]["reference"]
    ]
    assert now["occurrenceTiming"]["repeat"]["timeOfDay"] == ["16:00:00"]


def test_of_two_proposals_at_once_the_second_is_stale(person: Planned, plan: Resource) -> None:
    [skills, *_] = orders(person, "skills-training")
    [learning, *_] = orders(person, "psychoeducation")
    first = proposes(person, plan, removing(skills)).json()
    second = proposes(person, plan, removing(learning)).json()
    assert person.ask(f"CarePlan/{first['id']}/{ACCEPT}").is_success

    stale = person.ask(f"CarePlan/{second['id']}/{ACCEPT}")

    assert stale.status_code == 409
    assert "was revised since" in issue(stale)
    assert person.read(learning)["status"] == "active"
    assert person.ask(f"CarePlan/{second['id']}/{REJECT}").status_code == 400
    rejected = person.ask(f"CarePlan/{second['id']}/{REJECT}", reason="Overtaken.")
    assert rejected.json()["status"] == "revoked"


def test_what_cannot_be_proposed_is_refused(person: Planned, plan: Resource) -> None:
    nothing = proposes(person, plan)
    elsewhere = proposes(person, plan, removing({"id": "nothing"}))
    nobody = person.ask(f"CarePlan/{plan['id']}/{PROPOSE}", actor=None, reason="x")
    unheard = proposes(person, {"id": "nothing"})
    draft = Planned(person.http).apply()
    order = orders(person, "yoga")[0] | {"subject": draft["subject"]}
    another = proposes(person, plan, adding(order))

    assert another.status_code == 422
    assert (nothing.status_code, elsewhere.status_code) == (422, 422)
    assert (nobody.status_code, unheard.status_code) == (403, 404)
    assert proposes(person, draft).status_code == 409
    assert person.all("CarePlan", intent="proposal") == []


def test_goals_are_added_changed_and_ended_as_they_were_proposed(
    person: Planned, plan: Resource
) -> None:
    [first, second, *rest] = [person.read(resource(each)) for each in goals(plan)]
    other = first | {"description": {"text": "Feels better"}, "lifecycleStatus": "completed"}
    asked = (
        {"name": "add-goal", "resource": goal(person, "Plays the <piano> again")},
        {"name": "change-goal", "resource": other},
        {"name": "end-goal", "valueString": f"Goal/{second['id']}"},
    )

    proposal = proposes(person, plan, *asked).json()

    assert {each["kind"] for each in changes(proposal)} == {"added", "changed", "removed"}
    page = proposal["text"]["div"]
    assert "New goal: Plays the &lt;piano&gt; again." in page
    assert "to Feels better" in page
    assert "Goal ended:" in page
    assert [person.read(each) for each in (first, second)] == [first, second]

    revised = person.ask(f"CarePlan/{proposal['id']}/{ACCEPT}", reason="Agreed.").json()

    [*kept, new] = [person.read(resource(each)) for each in goals(revised)]
    assert [each["id"] for each in kept] == [first["id"], *(each["id"] for each in rest)]
    assert (new["description"]["text"], new["lifecycleStatus"]) == (
        "Plays the <piano> again",
        "active",
    )
    assert kept[0]["description"] == {"text": "Feels better"}
    assert kept[0]["lifecycleStatus"] == first["lifecycleStatus"]
    gone = person.read(second)
    assert (gone["lifecycleStatus"], gone["statusReason"]) == (
        "cancelled",
        "Mornings are <hard> now.",
    )


def test_a_revised_plan_says_what_made_it_and_has_its_whole_page(
    person: Planned, plan: Resource
) -> None:
    [skills, *_] = orders(person, "skills-training")
    proposal = proposes(person, plan, removing(skills), adding(later(skills))).json()

    revised = person.ask(f"CarePlan/{proposal['id']}/{ACCEPT}", reason="Agreed.").json()

    assert revised["id"] == plan["id"]
    assert revised["basedOn"] == [{"reference": f"CarePlan/{proposal['id']}"}]
    followed = person.read(proposal)
    assert (followed["status"], followed["replaces"]) == (
        "completed",
        [{"reference": f"CarePlan/{plan['id']}"}],
    )
    page = revised["text"]["div"]
    titles = ("Goals", "Week", "Team", "Revised")
    assert [each for each in titles if f"<h3>{each}</h3>" not in page] == []
    assert "16:00" in page
    assert "Agreed." in page


def test_a_goal_that_others_changed_makes_a_proposal_stale(person: Planned, plan: Resource) -> None:
    [first, *_] = [person.read(resource(each)) for each in goals(plan)]
    named = {"name": "change-goal", "resource": first | {"description": {"text": "One"}}}
    ending = {"name": "end-goal", "valueString": f"Goal/{first['id']}"}
    standing, other = (proposes(person, plan, each).json() for each in (named, ending))
    assert person.ask(f"CarePlan/{standing['id']}/{ACCEPT}").is_success

    stale = person.ask(f"CarePlan/{other['id']}/{ACCEPT}")

    assert stale.status_code == 409
    assert "was revised since" in issue(stale)
    assert person.ask(f"CarePlan/{other['id']}/{REJECT}", reason="Overtaken.").is_success
    assert person.read(first)["description"] == {"text": "One"}


def test_only_goals_of_the_plan_are_changed_and_each_once(person: Planned, plan: Resource) -> None:
    [first, *_] = [person.read(resource(each)) for each in goals(plan)]
    own = person.put(goal(person, "Elsewhere") | {"id": f"g-{person.id}"})
    changed = {"name": "change-goal", "resource": first}
    ended = {"name": "end-goal", "valueString": f"Goal/{first['id']}"}

    refused = [
        proposes(person, plan, {"name": "change-goal", "resource": own}),
        proposes(person, plan, {"name": "end-goal", "valueString": f"Goal/{own['id']}"}),
        proposes(person, plan, changed, ended),
    ]

    assert [each.status_code for each in refused] == [422, 422, 422]
    assert [issue(each) for each in refused] == [
        'change-goal must name a goal of the plan by its id, such as "id": "7".',
        "end-goal must name a goal of the plan by its id, such as Goal/7.",
        "A goal is named once: it is changed, or ended.",
    ]
    assert person.all("CarePlan", intent="proposal") == []
    assert proposes(person, plan, ended).is_success


def asked_to_decide(person: Planned, proposal: Resource) -> Resource:
    about = {"focus": f"CarePlan/{proposal['id']}", "code": f"{code_system('task')}|plan-review"}
    [task] = person.found("Task", **about)
    return task


@pytest.mark.parametrize("ends", ["programme", "completed", "revoked", "on-hold"])
def test_nobody_is_asked_to_decide_on_a_proposal_for_a_plan_that_is_over(
    person: Planned, plan: Resource, ends: str
) -> None:
    proposal = proposes(person, plan, removing(orders(person, "psychoeducation")[0])).json()
    person.pass_time()
    assert asked_to_decide(person, proposal)["status"] == "requested"

    if ends == "programme":
        assert person.episode is not None
        person.put(person.read(person.episode) | {"status": "finished"})
    else:
        answer = person.write(person.read(plan) | {"status": ends})
        assert answer.is_success, answer.text
    person.pass_time()

    task = asked_to_decide(person, proposal)
    assert task["status"] == ("requested" if ends == "on-hold" else "cancelled")
    assert person.read(proposal)["status"] == ("revoked" if ends == "programme" else "draft")
    said = person.http.get("Provenance", params={"target": f"Task/{task['id']}"}).json()["entry"]
    by = [each["resource"]["agent"][0]["who"].get("identifier", {}).get("value") for each in said]
    assert ("plan-is-reviewed-in-time|1.0" in by) == (ends != "on-hold")
