"""A reliable worsening makes a proposal that cites its evidence; a clinician decides on it."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.canonical import POLICY, code_system
from tests.journey.planning import Planned, activity, issue, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs
    from tests.services.person import Resource

ACCEPT, REJECT = "$accept-revision", "$reject-revision"


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
    """A plan in force, with all its orders and sessions."""
    active = person.activate(person.apply(practitioner=person.clinician))
    until(lambda: {each["status"] for each in person.all("ServiceRequest")} == {"active"})
    return active


def score(person: Planned, value: int) -> Resource:
    return person.put(
        {
            "resourceType": "Observation",
            "id": f"score-{uuid.uuid4()}",
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "44261-6"}]},
            "subject": person.reference,
            "effectiveDateTime": "2026-11-20",
            "valueInteger": value,
        }
    )


def change(
    person: Planned, code: str = "reliable-worsening", status: str = "final", **more: object
) -> Resource:
    """State how a score has changed, as progress_api does."""
    scores = [f"Observation/{score(person, value)['id']}" for value in (12, 19)]
    return person.put(
        {
            "resourceType": "Observation",
            "id": f"change-{uuid.uuid4()}",
            "status": status,
            "code": {
                "coding": [{"system": code_system("measure"), "code": "phq-9-change"}],
                "text": "Change of the PHQ-9 score",
            },
            "subject": person.reference,
            "effectiveDateTime": "2026-11-20",
            "valueCodeableConcept": {"coding": [{"system": code_system("change"), "code": code}]},
            "derivedFrom": [{"reference": each} for each in scores],
            **more,
        }
    )


def proposals(person: Planned) -> list[Resource]:
    return person.all("CarePlan", intent="proposal")


def reviews(person: Planned) -> list[Resource]:
    return person.all("Task", code=f"{code_system('task')}|plan-review")


def proposed(person: Planned) -> Resource:
    change(person)
    [proposal] = until(lambda: proposals(person))
    return dict(proposal)


def orders(person: Planned, status: str) -> list[Resource]:
    return person.all("ServiceRequest", status=status)


def test_a_reliable_worsening_makes_a_proposal_that_cites_its_evidence(
    person: Planned, plan: Resource
) -> None:
    observation = change(person)
    [proposal] = until(lambda: proposals(person))

    assert (proposal["status"], proposal["replaces"]) == (
        "draft",
        [{"reference": f"CarePlan/{plan['id']}"}],
    )
    cited = [each["reference"] for each in proposal["supportingInfo"]]
    derived = [each["reference"] for each in observation["derivedFrom"]]
    assert cited == [f"Observation/{observation['id']}", *derived]
    drafts = orders(person, "draft")
    assert {each["instantiatesCanonical"][0].partition("|")[0] for each in drafts} == {
        activity("individual-therapy"),
        activity("psychiatric-consultation"),
    }
    referred = {each["reference"]["reference"] for each in proposal["activity"]}
    assert {f"ServiceRequest/{each['id']}" for each in drafts} < referred
    assert len(proposal["activity"]) == len(plan["activity"]) + len(drafts)
    [task] = reviews(person)
    assert task["focus"] == {"reference": f"CarePlan/{proposal['id']}"}
    assert task["owner"] == plan["careTeam"][0]
    assert (task["status"], task["for"]) == ("requested", person.reference)
    [said] = person.told_of(proposal)
    agent = said["agent"][0]["who"]
    assert agent["identifier"] == {
        "system": POLICY,
        "value": "plan-review-on-reliable-worsening|1.1",
    }
    assert person.read(plan) == plan


def test_the_same_evidence_makes_one_proposal(person: Planned, plan: Resource) -> None:
    observation = change(person)
    until(lambda: proposals(person))
    for note in ("seen", "seen again"):
        person.put(observation | {"status": "amended", "note": [{"text": note}]})
    person.pass_time()

    assert len(proposals(person)) == len(reviews(person)) == 1


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("no-reliable-change", "final"),
        ("reliable-improvement", "final"),
        ("remission", "final"),
        ("reliable-worsening", "preliminary"),
        ("reliable-worsening", "entered-in-error"),
    ],
)
def test_what_is_no_reliable_worsening_proposes_nothing(
    person: Planned, plan: Resource, code: str, status: str
) -> None:
    change(person, code, status)
    person.pass_time()

    assert proposals(person) == reviews(person) == []
    assert proposed(person)["status"] == "draft"


def test_without_a_plan_in_force_nothing_is_proposed(person: Planned) -> None:
    person.apply()
    change(person)
    person.pass_time()

    assert proposals(person) == reviews(person) == []


def test_accepting_a_proposal_revises_the_plan(person: Planned, plan: Resource) -> None:
    proposal = proposed(person)
    drafts = orders(person, "draft")

    answer = person.ask(f"CarePlan/{proposal['id']}/{ACCEPT}", comment="Agreed in the team.")

    assert answer.status_code == 200, answer.text
    revised = answer.json()
    assert revised["id"] == plan["id"]
    assert revised["status"] == "active"
    referred = [each["reference"]["reference"] for each in revised["activity"]]
    added = [f"ServiceRequest/{each['id']}" for each in drafts]
    assert sorted(referred[-len(added) :]) == sorted(added)
    assert revised["note"][-1]["text"] == "Agreed in the team."
    assert revised["note"][-1]["authorReference"] == {"reference": person.clinician}
    assert orders(person, "draft") == []
    assert person.read(proposal)["status"] == "completed"
    [task] = reviews(person)
    assert (task["status"], task["output"][0]["valueString"]) == ("completed", "accepted")
    said = next(each for each in person.told_of(revised) if len(each["target"]) == 5)
    assert said["agent"][0]["who"] == {"reference": person.clinician}
    source = said["entity"][0]["what"]["reference"]
    assert source == f"CarePlan/{proposal['id']}/_history/1"


def test_sessions_of_what_was_accepted_are_booked(person: Planned, plan: Resource) -> None:
    proposal = proposed(person)
    person.pass_time()
    before = {each["id"] for each in person.all("Appointment")}

    assert person.ask(f"CarePlan/{proposal['id']}/{ACCEPT}").is_success
    person.pass_time()

    booked = person.all("Appointment")
    assert {each["description"] for each in booked if each["id"] not in before} == {
        "Individual therapy",
        "Psychiatric consultation",
    }
    assert {each["status"] for each in booked} == {"booked"}


def test_a_proposal_is_accepted_onto_the_newest_version_of_the_plan(
    person: Planned, plan: Resource
) -> None:
    proposal = proposed(person)
    kept = [each for each in plan["activity"] if each["reference"]["display"] != "Yoga"]
    person.write(plan | {"activity": kept, "title": "Another title"})

    revised = person.ask(f"CarePlan/{proposal['id']}/{ACCEPT}").json()

    assert revised["title"] == "Another title"
    assert len(revised["activity"]) == len(kept) + 2
    assert "Yoga" not in str(revised["activity"])


def test_what_is_proposed_already_is_not_proposed_again(person: Planned, plan: Resource) -> None:
    for _ in range(2):
        change(person)
        person.pass_time()

    [proposal] = proposals(person)
    assert person.ask(f"CarePlan/{proposal['id']}/{ACCEPT}").is_success
    assert len(person.read(plan)["activity"]) == len(plan["activity"]) + 2
    assert orders(person, "revoked") == []


def test_rejecting_a_proposal_leaves_the_plan_and_keeps_the_reason(
    person: Planned, plan: Resource
) -> None:
    proposal = proposed(person)

    answer = person.ask(f"CarePlan/{proposal['id']}/{REJECT}", reason="A bad week, no trend.")

    assert answer.status_code == 200, answer.text
    assert (answer.json()["id"], answer.json()["status"]) == (proposal["id"], "revoked")
    assert person.read(plan) == plan
    assert orders(person, "draft") == []
    assert len(orders(person, "revoked")) == 2
    [task] = reviews(person)
    assert task["status"] == "completed"
    assert task["statusReason"] == {"text": "A bad week, no trend."}
    said = next(each for each in person.told_of(proposal) if "reason" in each)
    assert said["reason"] == [{"text": "A bad week, no trend."}]
    assert said["agent"][0]["who"] == {"reference": person.clinician}


def test_a_proposal_is_decided_on_once(person: Planned, plan: Resource) -> None:
    proposal = proposed(person)
    assert person.ask(f"CarePlan/{proposal['id']}/{REJECT}", reason="No.").is_success
    before = person.everything()

    for code, inputs in ((ACCEPT, {}), (REJECT, {"reason": "No."})):
        answer = person.ask(f"CarePlan/{proposal['id']}/{code}", **inputs)
        assert answer.status_code == 409
        assert "is revoked; only a draft proposal" in issue(answer)

    assert person.everything() == before


def test_of_decisions_at_once_one_counts(person: Planned, plan: Resource) -> None:
    address = f"CarePlan/{proposed(person)['id']}"
    asked = [(ACCEPT, {}), (REJECT, {"reason": "No."})] * 2

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda each: person.ask(f"{address}/{each[0]}", **each[1]), asked))

    assert sorted(each.status_code for each in answers) == [200, 409, 409, 409]


def test_what_is_no_proposal_is_not_decided_on(person: Planned, plan: Resource) -> None:
    for code, inputs in ((ACCEPT, {}), (REJECT, {"reason": "No."})):
        answer = person.ask(f"CarePlan/{plan['id']}/{code}", **inputs)
        assert answer.status_code == 409
        assert "is no proposal" in issue(answer)
        assert person.ask(f"CarePlan/nowhere/{code}", **inputs).status_code == 404


def test_a_plan_that_is_over_is_not_revised(person: Planned, plan: Resource) -> None:
    proposal = proposed(person)
    person.write(plan | {"status": "revoked"})

    answer = person.ask(f"CarePlan/{proposal['id']}/{ACCEPT}")

    assert answer.status_code == 409
    assert "only an active plan is revised" in issue(answer)
    assert person.read(proposal) == proposal
    assert person.ask(f"CarePlan/{proposal['id']}/{REJECT}", reason="It is over.").is_success


@pytest.mark.parametrize("actor", [None, "Practitioner/nobody", "Device/plan"])
def test_nobody_but_a_clinician_decides(person: Planned, plan: Resource, actor: str | None) -> None:
    proposal = proposed(person)

    for code, inputs in ((ACCEPT, {}), (REJECT, {"reason": "No."})):
        answer = person.ask(f"CarePlan/{proposal['id']}/{code}", actor=actor, **inputs)
        assert answer.status_code == 403

    assert person.read(proposal) == proposal
    assert person.read(plan) == plan


def test_rejecting_needs_a_reason(person: Planned, plan: Resource) -> None:
    proposal = proposed(person)

    answer = person.ask(f"CarePlan/{proposal['id']}/{REJECT}", comment="No.")

    assert answer.status_code == 400
    assert "needs the parameter reason" in issue(answer)
    assert person.read(proposal) == proposal


def test_a_proposal_never_becomes_a_plan_by_itself(person: Planned, plan: Resource) -> None:
    proposal = proposed(person)

    for changes in ({"status": "active"}, {"intent": "plan"}):
        answer = person.write(proposal | changes)
        assert answer.status_code == 422
        assert ACCEPT in issue(answer)

    assert person.write(proposal | {"title": "Hers"}).is_success


@pytest.mark.parametrize(
    ("reason", "adds"),
    [("no-response", 1), ("hours-short", 0), ("no-shows", 0), ("relapse-signal", 1)],
)
def test_each_signal_makes_one_proposal_while_it_stands(
    person: Planned, plan: Resource, reason: str, adds: int
) -> None:
    stated = {"coding": [{"system": code_system("proposal-reason"), "code": reason}]}
    signals = [change(person, valueCodeableConcept=stated) for _ in range(2)]
    until(lambda: proposals(person))
    person.pass_time()

    [proposal], [task] = proposals(person), reviews(person)
    cited = {each["reference"] for each in proposal["supportingInfo"]}
    assert cited & {f"Observation/{each['id']}" for each in signals}
    assert task["reasonCode"]["coding"][0]["code"] == reason
    assert bool(orders(person, "draft")) == bool(adds)

    assert person.ask(f"CarePlan/{proposal['id']}/{REJECT}", reason="Seen.").is_success
    person.pass_time()
    change(person, valueCodeableConcept=stated)
    until(lambda: len(proposals(person)) == 2)


def test_a_worsening_below_the_reliable_change_proposes_nothing(
    person: Planned, plan: Resource
) -> None:
    change(person, "no-reliable-change")
    person.pass_time()

    assert proposals(person) == reviews(person) == []
