"""Each template is applied with what a person prefers; what cannot be met is told."""

from __future__ import annotations

import uuid
from datetime import timedelta
from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from services.plan_api.templates import TEMPLATES
from shared.care.canonical import CANONICAL, code_system
from shared.care.required_hours import policies_of
from shared.fhir.validation import validate
from tests.journey.applying import Preferring, busy, unmet
from tests.journey.planning import issue, parameters, until
from tests.unit.services.test_profiles import broken_rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs

PERTAINS = "http://hl7.org/fhir/StructureDefinition/resource-pertainsToGoal"
MENTAL = "iop-adult-mental-health"
TRAUMA = "47505003"
WORK = busy(["mon", "tue", "wed", "thu", "fri"], "08:00:00", 8 * 60)


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=all_in_one.fhir, timeout=180, trust_env=False) as each:
        names = ",".join(template["id"] for template in TEMPLATES)
        published = partial(each.get, "PlanDefinition", params={"_id": names})
        until(lambda: len(published().json().get("entry", ())) == len(TEMPLATES))
        yield each


@pytest.fixture
def person(http: httpx.Client) -> Preferring:
    return Preferring(http)


def must(template: dict[str, Any]) -> set[str]:
    return {each["id"] for each in template["action"] if each["requiredBehavior"] == "must"}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda each: each["id"])
def test_a_template_becomes_a_plan_with_all_its_activities(
    template: dict[str, Any], person: Preferring
) -> None:
    plan = person.plan(template["id"], practitioner=person.clinician)

    assert validate(plan) == []
    assert list(broken_rules(plan)) == []
    requests, tasks = person.part(plan, "ServiceRequest"), person.part(plan, "Task")
    assert {*requests, *tasks} | unmet(plan).keys() == must(template)
    assert unmet(plan)["family-therapy"].startswith("no-consent")
    goals = {f"Goal/{each['id']}": each for each in person.all("Goal")}
    assert {each["reference"] for each in plan["goal"]} == goals.keys()
    assert all(each["target"][0]["measure"] for each in goals.values())
    for part in (*requests.values(), *tasks.values()):
        served = [
            e["valueReference"]["reference"] for e in part["extension"] if e["url"] == PERTAINS
        ]
        assert served
        assert goals.keys() >= set(served)
    for task in tasks.values():
        assert (task["status"], task["owner"]) == ("draft", person.reference)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda each: each["id"])
def test_the_planned_hours_of_a_template_are_a_sum_of_its_sessions(
    template: dict[str, Any], person: Preferring
) -> None:
    plan = person.plan(template["id"])

    told = parameters(person.http.get(f"CarePlan/{plan['id']}/$hours"))["policy"]
    for policy in told:
        parts = {part["name"]: part for part in policy["part"]}
        counted = _counted(parts["name"]["valueString"], person)
        planned = sum(_minutes(each) for each in counted.values()) / 60
        assert _planned(parts) == pytest.approx(planned, abs=0.01)
        if parts["name"]["valueString"] in policies_of(template):
            assert f"<td>{planned:.2f}</td>" in plan["text"]["div"]


def test_what_a_person_prefers_makes_their_plan(person: Preferring) -> None:
    person.diagnosed("370143000")
    plan = person.plan(
        MENTAL,
        work=WORK,
        language="es",
        telehealth=True,
        individual_therapy_as_needed=True,
        skill=["stress-handling", "effective-communication"],
        topic="coping",
        service=["tms", "exercise-therapy"],
    )

    requests = person.part(plan, "ServiceRequest")
    group = requests["group-therapy"]["occurrenceTiming"]["repeat"]
    assert group["timeOfDay"] == ["17:30:00"]
    assert requests["individual-therapy"]["asNeededBoolean"] is True
    assert "occurrenceTiming" not in requests["individual-therapy"]
    assert _codes(requests["psychoeducation"]["orderDetail"]) == ["coping"]
    assert _codes(requests["interpreting"]["orderDetail"]) == ["es"]
    assert _codes(requests["group-therapy"]["locationCode"]) == ["VR"]
    tms = requests["tms"]
    assert tms["reasonReference"] == plan["addresses"][:1]
    assert {"performer", "occurrenceTiming", "asNeededBoolean"}.isdisjoint(tms)
    learnt = [each["description"].get("coding", [{}])[0].get("code") for each in person.all("Goal")]
    assert {"stress-handling", "effective-communication"} <= set(learnt)
    assert unmet(plan) == {
        "family-therapy": "no-consent",
        "peer-support": "nobody-named",
        "art-therapy": "not-by-telehealth",
        "exercise-therapy": "not-by-telehealth",
        "tms": "not-by-telehealth",
    }
    for told in plan["note"]:
        assert escape(told["text"].removeprefix("Not met: ")) in plan["text"]["div"]


def test_sessions_that_meet_work_are_left_out_and_told(person: Preferring) -> None:
    mornings = busy(["mon", "wed"], "07:00:00", 6 * 60)
    plan = person.plan(MENTAL, session_time="day", work=mornings)

    requests = person.part(plan, "ServiceRequest")
    group = requests["group-therapy"]["occurrenceTiming"]["repeat"]
    assert (group["dayOfWeek"], group["frequency"]) == (["tue", "thu", "fri"], 3)
    assert not {"psychoeducation", "individual-therapy"} & requests.keys()
    lost = {what for what, why in unmet(plan).items() if why == "not-at-that-time"}
    assert {"group-therapy", "psychoeducation", "individual-therapy", "yoga"} <= lost
    assert must(_template(MENTAL)) == {*requests, *person.part(plan, "Task")} | {
        each for each in unmet(plan) if each not in requests
    }


@pytest.mark.parametrize(
    ("years", "other", "fitting"),
    [(14, MENTAL, "iop-adolescent"), (50, "iop-adolescent", MENTAL)],
)
def test_a_template_for_another_age_is_applied_and_says_so(
    person: Preferring, years: int, other: str, fitting: str
) -> None:
    born = (person.now() - timedelta(days=years * 365.25 + 100)).date().isoformat()
    person.put({"resourceType": "Patient", "id": person.id, "birthDate": born})

    plan = person.plan(other)
    assert unmet(plan)["age"] == "not-of-that-age"
    [told] = [each["text"] for each in plan["note"] if "years" in each["text"]]
    assert told.endswith(f"; the person is {years}.")
    person.put(plan | {"status": "revoked"})
    assert "age" not in unmet(person.plan(fitting))


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("skill", {"valueCodeableConcept": {"coding": [{"code": "flying"}]}}, "not-in-template"),
        ("topic", {"valueCodeableConcept": {"coding": [{"code": "flying"}]}}, "not-in-template"),
        ("skill", {"valueBoolean": True}, None),
        ("topic", {"valueBoolean": True}, None),
        ("language", {"valueBoolean": True}, None),
        ("session-time", {"valueBoolean": True}, None),
    ],
)
def test_a_preference_that_was_kept_as_nobody_offers_it_keeps_nobody_from_a_plan(
    person: Preferring, name: str, value: dict[str, Any], told: str | None
) -> None:
    kept = {"resourceType": "Observation", "id": f"o-{uuid.uuid4()}", "status": "final"}
    code = {"code": {"coding": [{"system": code_system("preference"), "code": name}]}}
    person.put(kept | code | value | {"subject": person.reference})

    plan = person.plan(MENTAL)
    assert unmet(plan).get(name) == told
    assert len(person.part(plan, "ServiceRequest")["psychoeducation"]["orderDetail"]) > 1


def test_a_time_in_words_only_is_told_and_meets_no_session(person: Preferring) -> None:
    plan = person.plan(MENTAL, session_time="day", work={"code": {"text": "nights"}})

    told = unmet(plan)
    assert told["work"] == "times-not-known"
    assert "not-at-that-time" not in told.values()
    assert "group-therapy" in person.part(plan, "ServiceRequest")


def test_preferences_that_were_kept_count_until_others_are_stated(person: Preferring) -> None:
    person.put(
        {
            "resourceType": "QuestionnaireResponse",
            "id": f"q-{uuid.uuid4()}",
            "questionnaire": f"{CANONICAL}/Questionnaire/self-referral",
            "status": "completed",
            "subject": person.reference,
            "item": [
                {"linkId": "session-time", "answer": [{"valueCoding": {"code": "evening"}}]},
                {"linkId": "telehealth", "answer": [{"valueBoolean": True}]},
            ],
        }
    )
    person.put(_kept_time(person, "school", busy(["mon"], "18:00:00", 60)))

    plan = person.plan("iop-substance-use", telehealth=False)

    requests = person.part(plan, "ServiceRequest")
    group = requests["group-therapy"]["occurrenceTiming"]["repeat"]
    assert (group["timeOfDay"], group["dayOfWeek"]) == (["17:30:00"], ["wed", "thu"])
    assert "locationCode" not in requests["group-therapy"]
    assert unmet(plan)["group-therapy"] == "not-at-that-time"


def test_family_therapy_waits_for_consent_and_a_guardian(http: httpx.Client) -> None:
    alone, together = Preferring(http), Preferring(http)
    guardian = together.related("GUARD")
    consent = together.consents(guardian)

    plan = together.plan("iop-adolescent")

    family = together.part(plan, "ServiceRequest")["family-therapy"]
    named = {each["reference"] for each in family["supportingInfo"]}
    assert named == {f"Consent/{consent['id']}", f"RelatedPerson/{guardian['id']}"}
    [team] = together.all("CareTeam")
    roles = {e["member"]["reference"]: e["role"][0]["text"] for e in team["participant"]}
    assert roles[f"RelatedPerson/{guardian['id']}"] == "Guardian"
    assert "family-therapy" not in unmet(plan)
    told = alone.plan("iop-adolescent")["note"]
    assert any("Consent" in each["text"] for each in told)
    assert any("guardian" in each["text"] for each in told)


def test_the_goal_after_trauma_is_only_for_those_who_are_asked_the_pcl_5(
    http: httpx.Client,
) -> None:
    asked, other = Preferring(http), Preferring(http)
    asked.diagnosed(TRAUMA)

    for person in (asked, other):
        person.activate(person.plan(MENTAL))
        person.pass_time()

    assert [_goals_of(each, "PCL-5") for each in (asked, other)] == [1, 0]
    kind = f"{code_system('detected-issue')}|goal-not-measured"
    assert [each.found("DetectedIssue", code=kind) for each in (asked, other)] == [[], []]


@pytest.mark.parametrize("changes", [{"status": "rejected"}, {"provision": {"type": "deny"}}])
def test_a_consent_that_lets_nobody_take_part_is_none(
    person: Preferring, changes: dict[str, Any]
) -> None:
    person.consents(person.related("SPS"), **changes)

    assert unmet(person.plan(MENTAL))["family-therapy"] == "no-consent"


def test_a_peer_specialist_joins_the_team_and_gives_peer_support(person: Preferring) -> None:
    told = {"name": [{"given": ["Pat"], "family": "Doe <3"}]}
    peer = person.put({"resourceType": "Practitioner", "id": f"peer-{uuid.uuid4()}", **told})
    named = f"Practitioner/{peer['id']}"

    plan = person.plan(MENTAL, practitioner=person.clinician, peer_specialist=named)

    requests = person.part(plan, "ServiceRequest")
    assert requests["peer-support"]["performer"] == [{"reference": named}]
    assert requests["group-therapy"]["performer"] == [{"reference": person.clinician}]
    [team] = person.all("CareTeam")
    roles = {e["member"]["reference"]: e["role"][0]["text"] for e in team["participant"]}
    assert roles[named] == "Peer specialist"
    assert "Peer specialist: Pat Doe &lt;3" in plan["text"]["div"]


def test_any_service_is_added_to_any_template(person: Preferring) -> None:
    asked = ["tms", "medication-review", "peer-support", "yoga", "warning-sign-check"]
    plan = person.plan("iop-adult", service=asked)

    requests, tasks = person.part(plan, "ServiceRequest"), person.part(plan, "Task")
    assert unmet(plan) == {"family-therapy": "no-consent", "tms": "no-indication"}
    assert len([*requests]) == 14
    assert [*tasks] == ["warning-sign-check"]


def test_homework_is_asked_for_with_its_plan_and_ends_with_it(person: Preferring) -> None:
    plan = person.activate(person.plan(MENTAL))

    until(lambda: _statuses(person, plan) == {"requested"})
    person.write(plan | {"status": "revoked"})
    until(lambda: _statuses(person, plan) == {"cancelled"})


def test_a_draft_stands_for_what_it_was_made_for(person: Preferring) -> None:
    plan = person.plan(MENTAL, session_time="evening", topic=["coping", "coping"])

    assert person.plan(MENTAL, session_time="evening") == plan
    other = person.asks(MENTAL, session_time="day")
    assert other.status_code == 409
    assert f"CarePlan/{plan['id']} is a draft" in issue(other)


@pytest.mark.parametrize("name", ["skill", "topic", "service"])
def test_a_choice_that_nobody_offers_is_refused(person: Preferring, name: str) -> None:
    answer = person.asks(MENTAL, **{name: "unheard-of"})

    assert answer.status_code == 422
    assert issue(answer).startswith(f"{name} must be one of ")
    assert person.all("CarePlan") == []


def _template(name: str) -> dict[str, Any]:
    return next(each for each in TEMPLATES if each["id"] == name)


def _goals_of(person: Preferring, instrument: str) -> int:
    return sum(instrument in each["description"]["text"] for each in person.all("Goal"))


def _statuses(person: Preferring, plan: dict[str, Any]) -> set[str]:
    return {each["status"] for each in person.part(plan, "Task").values()}


def _codes(concepts: list[dict[str, Any]]) -> list[str]:
    return [each["coding"][0]["code"] for each in concepts]


def _kept_time(person: Preferring, name: str, timing: dict[str, Any]) -> dict[str, Any]:
    category = "http://terminology.hl7.org/CodeSystem/observation-category"
    return {
        "resourceType": "Observation",
        "id": f"o-{uuid.uuid4()}",
        "status": "final",
        "category": [{"coding": [{"system": category, "code": "social-history"}]}],
        "code": {"coding": [{"system": code_system("preference"), "code": name}]},
        "subject": person.reference,
        "effectiveTiming": timing,
        "valueBoolean": True,
    }


def _counted(policy: str, person: Preferring) -> dict[str, Any]:
    """Choose the orders that a policy counts, by what their definitions say."""
    found = person.http.get("ActivityDefinition", params={"_count": "100"}).json()["entry"]
    counted = set()
    for definition in (each["resource"] for each in found):
        for extension in definition["extension"]:
            said = [
                next(v for n, v in p.items() if n != "url") for p in extension.get("extension", ())
            ]
            if said and said[0].partition("|")[0] == policy and said[1]:
                counted.add(f"{definition['url']}|{definition['version']}")
    orders = person.all("ServiceRequest")
    return {e["id"]: e for e in orders if counted & set(e.get("instantiatesCanonical", ()))}


def _minutes(order: dict[str, Any]) -> float:
    repeat = order.get("occurrenceTiming", {}).get("repeat")
    if repeat is None:
        return 0
    return float(len(repeat["dayOfWeek"]) * repeat["duration"] / repeat["period"])


def _planned(parts: dict[str, Any]) -> float:
    return float(parts["planned"]["valueDecimal"])
