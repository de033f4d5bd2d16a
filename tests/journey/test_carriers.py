"""Every carrier of the journey, checked on a played story with a plain FHIR client."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import pytest

from shared.client import FhirClient
from tests.journey.story import BEGINS, played, record_of, set_clock
from tests.programs import Programs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Resource = dict[str, Any]

OURS = "https://stepdown.example/fhir"
WEEKS = 4


@pytest.fixture(scope="module")
def server(make_database: Callable[[], str]) -> Iterator[Programs]:
    with Programs.all_in_one(make_database()) as programs:
        set_clock(programs.fhir)
        yield programs


class Record:
    """One person's record, as `$everything` shows it."""

    def __init__(self, fhir: str, patient: str) -> None:
        self.fhir = fhir
        self.patient = f"Patient/{patient}"
        self.resources = record_of(fhir, patient)

    def all(self, resource_type: str, code: str | None = None) -> list[Resource]:
        return [
            each
            for each in self.resources
            if each["resourceType"] == resource_type
            and (code is None or code in codes(each.get("code", {})))
        ]

    def one(self, resource_type: str, code: str | None = None) -> Resource:
        [found] = self.all(resource_type, code)
        return found

    def read(self, reference: str) -> Resource:
        answer = httpx.get(f"{self.fhir}/{reference}", trust_env=False)
        assert answer.is_success, reference
        found: Resource = answer.json()
        return found

    def search(self, asked: str) -> list[Resource]:
        answer = httpx.get(f"{self.fhir}/{asked}", trust_env=False).raise_for_status()
        return [each["resource"] for each in answer.json().get("entry", ())]


@pytest.fixture(scope="module")
async def record(server: Programs) -> Record:
    async with FhirClient(server.fhir, timeout=300) as client:
        person = await played(client, server.fhir, WEEKS)
    return Record(server.fhir, person.id)


def codes(concept: Resource) -> set[str]:
    return {f"{each.get('system')}|{each.get('code')}" for each in concept.get("coding", ())}


def ours(system: str, code: str) -> str:
    return f"{OURS}/CodeSystem/{system}|{code}"


def ref(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def local_day(text: str) -> date:
    return datetime.fromisoformat(text).date()


def test_a_criterion_is_an_observation_by_a_practitioner(record: Record) -> None:
    judged = record.one("Observation", ours("level-of-care-criterion", "EXC-DETOX"))
    assert judged["valueBoolean"] is False
    assert judged["status"] == "final"
    assert judged["performer"][0]["reference"].startswith("Practitioner/")


def test_a_level_of_care_is_a_guidance_response_that_can_be_checked(record: Record) -> None:
    decided = record.one("GuidanceResponse")
    assert decided["status"] == "success"
    assert decided["moduleCanonical"].endswith("iop-general|1.0")
    told = decided["contained"][0]
    assert decided["outputParameters"]["reference"] == f"#{told['id']}"
    parameters = told["parameter"]
    values = {each["name"]: each for each in parameters}
    assert values["outcome"]["valueCode"] == "recommend-iop"
    assert values["rule"]
    assert len([each for each in parameters if each["name"] == "criterion"]) == 21
    cited = [
        part["valueReference"]["reference"]
        for each in parameters
        for part in each.get("part", ())
        if "valueReference" in part
    ]
    assert cited
    for each in cited:
        assert "/_history/" in each
        record.read(each)
    hashed = [each for each in parameters if each["name"] != "hash"]
    canonical = json.dumps(hashed, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(canonical.encode()).hexdigest() in json.dumps(values["hash"])


def test_an_admission_is_told_by_the_episode_and_signed(record: Record) -> None:
    episode = record.one("EpisodeOfCare")
    assert [each["status"] for each in episode["statusHistory"]] == [
        "planned",
        "waitlist",
        "active",
        "finished",
    ]
    assert ours("programme", "iop") in codes(episode["type"][0])
    agents = {
        str(each["agent"][0]["who"].get("reference", ""))
        for each in record.search(f"Provenance?target={ref(episode)}")
    }
    assert any(agent.startswith("Practitioner/") for agent in agents)


@pytest.mark.parametrize(("code", "days"), [("follow-up-7d", 7), ("follow-up-30d", 30)])
def test_a_clock_is_a_task_that_a_visit_completed(record: Record, code: str, days: int) -> None:
    clock = record.one("Task", ours("clock", code))
    assert clock["intent"] == "order"
    assert clock["for"]["reference"] == record.patient
    stay = record.read(clock["focus"]["reference"])
    assert stay["class"]["code"] == "IMP"
    discharged = local_day(stay["period"]["end"])
    period = clock["restriction"]["period"]
    assert period["start"] == (discharged + timedelta(days=1)).isoformat()
    assert period["end"] == (discharged + timedelta(days=days)).isoformat()
    assert clock["status"] == "completed"
    visit = record.read(clock["output"][0]["valueReference"]["reference"])
    assert (visit["resourceType"], visit["status"]) == ("Encounter", "finished")
    assert period["start"] <= local_day(visit["period"]["start"]).isoformat() <= period["end"]


def aftercare_plans(record: Record) -> list[Resource]:
    category = ours("plan-category", "aftercare")
    plans = record.all("CarePlan")
    return [e for e in plans if any(category in codes(each) for each in e["category"])]


def programme_plan(record: Record) -> Resource:
    """The plan of the programme, beside which there is one of the aftercare."""
    plans = [each for each in record.all("CarePlan") if each["intent"] == "plan"]
    [plan] = [each for each in plans if each not in aftercare_plans(record)]
    return plan


def test_the_aftercare_has_a_plan_of_its_own_by_which_measures_go_on(record: Record) -> None:
    [aftercare] = aftercare_plans(record)
    assert aftercare["replaces"] == [{"reference": ref(programme_plan(record))}]
    based_on = [each for each in record.all("Task") if "basedOn" in each and "focus" in each]
    measures = [e for e in based_on if e["focus"]["reference"].startswith("Questionnaire/")]
    for each in measures:
        assert each["basedOn"] == [{"reference": ref(aftercare)}]


def test_planned_hours_are_orders_of_the_plan(record: Record) -> None:
    plan = programme_plan(record)
    orders = [record.read(each["reference"]["reference"]) for each in plan["activity"]]
    assert len(orders) >= 13
    for order in orders:
        assert order["resourceType"] == "ServiceRequest"
        assert order["instantiatesCanonical"][0].startswith(f"{OURS}/ActivityDefinition/")
        if not order.get("asNeededBoolean"):
            repeat = order["occurrenceTiming"]["repeat"]
            assert {"frequency", "period", "periodUnit", "duration", "durationUnit"} <= set(repeat)
            assert any(name.startswith("bounds") for name in repeat)


def test_sessions_are_booked_and_delivered_one_for_each_person(record: Record) -> None:
    booked = [each for each in record.all("Appointment") if "requestedPeriod" not in each]
    ended = record.one("EpisodeOfCare")["period"]["end"]
    to_come = [each for each in booked if each["status"] == "booked" and each["start"] > ended]
    assert to_come == []
    groups = [each for each in booked if "identifier" in each]
    assert groups
    for each in booked:
        people = [who["actor"]["reference"] for who in each["participant"] if "actor" in who]
        assert [who for who in people if who.startswith("Patient/")] == [record.patient]
        record.read(each["basedOn"][0]["reference"])
    assert all(e["identifier"][0]["system"] == f"{OURS}/session" for e in groups)
    visits = [each for each in record.all("Encounter") if "appointment" in each]
    assert len(visits) == Counter(each["status"] for each in booked)["fulfilled"]
    assert {each["class"]["code"] for each in visits} == {"AMB"}


def test_a_first_visit_is_proposed_with_the_draft_and_has_a_window_and_no_time(
    record: Record,
) -> None:
    [visit] = [each for each in record.all("Appointment") if "requestedPeriod" in each]
    assert (visit["status"], "start" in visit) == ("proposed", False)
    plan, stay = (each["reference"] for each in visit["supportingInformation"])
    assert record.read(plan)["resourceType"] == "CarePlan"
    assert record.read(stay)["class"]["code"] == "IMP"
    [window] = visit["requestedPeriod"]
    discharged = local_day(record.read(stay)["period"]["end"])
    days = [local_day(window[edge]) - discharged for edge in ("start", "end")]
    assert days == [timedelta(days=1), timedelta(days=7)]


def test_the_cohort_of_the_group_sessions_is_a_group(record: Record) -> None:
    [group] = record.search(f"Group?code={ours('programme', 'iop')}")
    assert (group["type"], group["actual"]) == ("person", True)
    # The person has left it with the programme, and no Group stands in anybody's record.
    assert record.patient not in json.dumps(group)
    assert record.all("Group") == []


def test_every_task_says_how_soon_and_whose_it_is(record: Record) -> None:
    tasks = record.search("Task?_count=500")
    assert len(tasks) > 2 * WEEKS
    unsaid = [each for each in tasks if "priority" not in each or "owner" not in each]
    assert [each["code"] for each in unsaid] == []
    assert record.search("Task?owner:missing=true") == []
    mine = record.search(f"Task?owner:identifier={OURS}/role|coordinator&_count=500")
    assert ours("clock", "follow-up-7d") in {code for each in mine for code in codes(each["code"])}


def test_coordinators_find_every_task_by_the_time_in_which_it_is_seen_to(record: Record) -> None:
    tasks = record.search("Task?_count=500&status:not=draft")
    assert [e["code"] for e in tasks if "start" not in e.get("executionPeriod", {})] == []
    last = max(tasks, key=lambda each: datetime.fromisoformat(each["executionPeriod"]["start"]))
    begun = quote(last["executionPeriod"]["start"])
    assert last["id"] in {each["id"] for each in record.search(f"Task?period=ge{begun}&_count=500")}
    assert record.search(f"Task?period=sa{begun}") == []


def test_weekly_measures_were_asked_and_answered(record: Record) -> None:
    asked = [e for e in record.all("Task", ours("task", "measure")) if e["status"] == "completed"]
    assert len(asked) >= 2 * WEEKS - 2
    for each in asked:
        assert each["focus"]["reference"].startswith("Questionnaire/")
        answer = record.read(each["output"][0]["valueReference"]["reference"])
        assert answer["resourceType"] == "QuestionnaireResponse"
        period = each["restriction"]["period"]
        day = local_day(answer["authored"]).isoformat()
        assert period["start"] <= day <= period["end"]


def test_a_reliable_worsening_proposed_a_revision(record: Record) -> None:
    [proposal] = [each for each in record.all("CarePlan") if each["intent"] == "proposal"]
    plan = programme_plan(record)
    assert proposal["replaces"] == [{"reference": ref(plan)}]
    assert proposal["status"] == "completed"
    cited = [record.read(each["reference"]) for each in proposal["supportingInfo"]]
    assert {each["resourceType"] for each in cited} == {"Observation"}
    assert ours("change", "reliable-worsening") in str(
        [codes(each.get("valueCodeableConcept", {})) for each in cited]
    )
    assert record.one("Task", ours("task", "plan-review"))["status"] == "completed"
    assert int(plan["meta"]["versionId"]) > 2


def test_a_handoff_is_an_order_a_task_and_a_document(record: Record) -> None:
    task = record.one("Task", ours("task", "handoff"))
    assert task["status"] == "completed"
    assert task["businessStatus"]["coding"]
    order = record.read(task["focus"]["reference"])
    assert order["resourceType"] == "ServiceRequest"
    document = record.one("DocumentReference")
    url = document["content"][0]["attachment"]["url"]
    bundle = record.read(url[url.index("Bundle/") :])
    assert bundle["type"] == "document"
    composition = bundle["entry"][0]["resource"]
    assert composition["resourceType"] == "Composition"
    for section in composition["section"]:
        assert section["text"]["div"]
        assert bool(section.get("entry")) != bool(section.get("emptyReason"))
    held = {each["fullUrl"] for each in bundle["entry"]}
    assert len(held) == len(bundle["entry"])


def test_the_aftercare_clock_was_satisfied_by_the_visit(record: Record) -> None:
    clock = record.one("Task", ours("clock", "aftercare-7d"))
    assert clock["status"] == "completed"
    visit = record.read(clock["output"][0]["valueReference"]["reference"])
    assert visit["serviceProvider"]["reference"] == "Organization/demo-clinic"


def test_nothing_automatic_is_signed_as_a_person(record: Record) -> None:
    said = record.all("Provenance")
    automatic = [e for e in said if "identifier" in e["agent"][0]["who"]]
    assert automatic
    for each in automatic:
        who = each["agent"][0]["who"]
        assert who["identifier"]["system"] == f"{OURS}/policy"
        name, _, version = who["identifier"]["value"].partition("|")
        assert name
        assert version
        assert len(each["agent"]) == 1
        assert "signature" not in each


def test_every_code_of_ours_is_in_a_code_system_that_is_served(record: Record) -> None:
    systems = {f"{OURS}/CodeSystem/{each['id']}": each for each in record.search(SERVED)}
    published = {url: {c["code"] for c in each["concept"]} for url, each in systems.items()}
    used = {found for each in record.resources for found in codings(each)}
    assert {f"{OURS}/CodeSystem/{each}" for each in ("task", "programme")} <= {s for s, _ in used}
    assert sorted(each for each in used if each[1] not in published.get(each[0], ())) == []


SERVED = f"CodeSystem?url:below={OURS}/CodeSystem&_count=100"


def codings(told: object) -> Iterator[tuple[str, str]]:
    if isinstance(told, list):
        for each in told:
            yield from codings(each)
    if isinstance(told, dict):
        if str(told.get("system", "")).startswith(f"{OURS}/CodeSystem/") and "code" in told:
            yield told["system"], told["code"]
        for each in told.values():
            yield from codings(each)


def test_who_acts_stands_in_the_audit(record: Record) -> None:
    episode = record.one("EpisodeOfCare")
    rows = record.search(f"AuditEvent?entity={ref(episode)}&_count=200")
    agents = json.dumps([each["agent"] for each in rows])
    assert "Practitioner/demo-therapist" in agents


def test_a_high_risk_is_a_safety_flag_and_a_task_to_see_to_at_once(
    server: Programs, record: Record
) -> None:
    base = record.fhir
    person = {"resourceType": "Patient", "id": "at-risk"}
    episode = {
        "resourceType": "EpisodeOfCare",
        "id": "at-risk",
        "status": "active",
        "patient": {"reference": "Patient/at-risk"},
    }
    items = [("93246-7", "LA33-6"), ("93247-5", "LA33-6"), ("93250-9", "LA33-6")]
    answered = {
        "resourceType": "QuestionnaireResponse",
        "id": "at-risk",
        "questionnaire": f"{OURS}/Questionnaire/c-ssrs-screener",
        "status": "completed",
        "subject": {"reference": "Patient/at-risk"},
        "authored": BEGINS.isoformat(),
        "item": [
            {
                "linkId": link,
                "answer": [{"valueCoding": {"system": "http://loinc.org", "code": code}}],
            }
            for link, code in items
        ],
    }
    for each in (person, episode, answered):
        httpx.put(f"{base}/{ref(each)}", json=each, trust_env=False).raise_for_status()
    server.settle()
    [flag] = record.search("Flag?patient=Patient/at-risk")
    assert "|safety" in str([codes(each) for each in flag["category"]])
    tasks = record.search("Task?patient=Patient/at-risk&priority=stat")
    assert len(tasks) == 1
