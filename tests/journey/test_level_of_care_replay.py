"""A level of care asked as of an instant of the past: what was answered then is answered again."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from services.cli.decision_checker.proof import faults
from shared.care.canonical import CANONICAL
from tests.journey.candidate import Candidate, diagnostics, outcome, parameters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs
    from tests.services.person import Resource

GENERAL = f"{CANONICAL}/Library/iop-general|1.0"
MEDICARE = f"{CANONICAL}/Library/cfr-410.44c|1.0"
LOW = "LA9194-7"


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=all_in_one.fhir, timeout=180, trust_env=False) as each:
        yield each


@pytest.fixture
def person(http: httpx.Client) -> Candidate:
    return Candidate(http)


def replay(person: Candidate, at: str, **others: Resource) -> httpx.Response:
    asked = {"at": {"valueDateTime": at}, **others}
    return person.ask(f"Patient/{person.id}/$level-of-care", asked)


def text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def without(told: Resource, *names: str) -> Resource:
    return {name: value for name, value in told.items() if name not in names}


def test_a_replay_answers_what_was_answered_then(person: Candidate) -> None:
    judged = person.judge_all(EXC_IMMINENT=None)
    risk = person.put(person.risk(LOW, effectiveDateTime=text(person.now())))
    given = person.level_of_care()
    then = given["occurrenceDateTime"]

    person.pass_time(timedelta(minutes=5))
    person.put(judged["CAP-GROUP"] | {"valueBoolean": False})
    person.judge("EXC-24H", value=True)
    person.put(risk | {"status": "entered-in-error"})
    assert outcome(person.level_of_care()) == "higher"
    before = person.everything()
    answer = replay(person, then)

    assert answer.status_code == 200
    again = answer.json()
    assert parameters(again, "hash") == parameters(given, "hash")
    assert without(again, "meta") == without(given, "meta")
    assert person.everything() == before


def test_evidence_that_names_a_second_patient_counts_then_too(person: Candidate) -> None:
    other = Candidate(person.http)
    judged = person.judge_all()
    both = [{"reference": "Practitioner/clinician"}, other.reference]
    person.put(judged["CAP-GROUP"] | {"performer": both, "valueBoolean": False})
    given = person.level_of_care()
    person.pass_time(timedelta(minutes=5))
    person.put(judged["CAP-GROUP"])

    again = replay(person, given["occurrenceDateTime"]).json()
    assert outcome(given) == outcome(again) == "recommend-iop-with-conditions"
    assert parameters(again, "hash") == parameters(given, "hash")


def test_ages_are_counted_from_then(person: Candidate) -> None:
    person.put(person.risk(LOW, effectiveDateTime=text(person.now())))
    given = person.level_of_care()

    person.pass_time(timedelta(days=15))
    now = person.level_of_care()
    again = replay(person, given["occurrenceDateTime"]).json()

    def value(told: Resource) -> str:
        [found] = [e for e in parameters(told, "criterion") if e["code"] == "EXC-IMMINENT"]
        return str(found["value"])

    assert (value(given), value(now), value(again)) == ("false", "unknown", "false")
    assert parameters(again, "hash") == parameters(given, "hash")


def test_evidence_counts_from_the_instant_at_which_it_was_written(person: Candidate) -> None:
    person.judge_all()
    danger = person.judge("EXC-24H", value=True)
    written = datetime.fromisoformat(danger["meta"]["lastUpdated"])

    assert outcome(replay(person, text(written)).json()) == "higher"
    earlier = text(written - timedelta(milliseconds=1))
    assert outcome(replay(person, earlier).json()) != "higher"
    assert outcome(replay(person, "2001-01-01T00:00:00Z").json()) == "insufficient-information"


def test_the_phase_is_the_one_of_then(person: Candidate) -> None:
    person.judge_all()
    before = person.level_of_care()
    person.pass_time()
    assert person.admit().is_success
    during = person.level_of_care()

    assert parameters(before, "phase") == ["entry"]
    assert (parameters(during, "phase"), parameters(during, "reading")) == (
        ["programme"],
        ["continue"],
    )
    episode = {"reference": f"EpisodeOfCare/{person.episode['id']}/_history/2"}
    assert parameters(during, "episode") == [episode]
    again = replay(person, before["occurrenceDateTime"]).json()
    assert parameters(again, "hash") == parameters(before, "hash")


def test_a_danger_in_the_programme_is_a_need_to_step_up(person: Candidate) -> None:
    person.judge_all()
    assert person.admit().is_success
    person.pass_time()
    person.judge("EXC-DETOX", value=True)
    told = person.level_of_care()

    assert (outcome(told), parameters(told, "reading")) == ("higher", ["step-up-needed"])
    assert "needs to step up" in told["text"]["div"]


def test_no_need_any_more_is_readiness_to_step_down(person: Candidate) -> None:
    person.judge_all()
    assert person.admit().is_success
    person.pass_time()
    needs = [
        each["code"].replace("-", "_")
        for each in parameters(person.level_of_care(), "criterion")
        if each["code"].startswith("IND-")
    ]
    person.judge_all(**dict.fromkeys(needs, False))
    told = person.level_of_care()

    assert (outcome(told), parameters(told, "reading")) == ("lower", ["step-down-ready"])


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2999-01-01T00:00:00Z", "at must not lie in the future; now it is "),
        ("2026-03-01", "at must tell the time too"),
        ("2026", "at must tell the time too"),
        ("yesterday", ""),
        ("2026-02-30T00:00:00Z", ""),
    ],
)
def test_what_is_no_instant_of_the_past_is_refused(person: Candidate, at: str, said: str) -> None:
    answer = replay(person, at)

    assert answer.status_code == 400
    assert said in diagnostics(answer)
    assert person.found("GuidanceResponse") == []


def test_the_medicare_criteria_decide_too(person: Candidate) -> None:
    person.judge_all()
    asked = {"criteria-set": {"valueCanonical": MEDICARE}}
    first = person.ask(f"Patient/{person.id}/$level-of-care", asked).json()
    assert (first["moduleCanonical"], parameters(first, "missing")) == (MEDICARE, ["SCH-03"])

    person.judge("SCH-03", value=True)
    told = person.ask(f"Patient/{person.id}/$level-of-care", asked).json()
    [basis] = [e["basis"] for e in parameters(told, "criterion") if e["code"] == "SCH-03"]
    assert (outcome(told), basis) == ("recommend-iop", "clinician")
    again = replay(person, first["occurrenceDateTime"], **asked).json()
    assert parameters(again, "hash") == parameters(first, "hash")
    library = person.http.get("Library", params={"url": MEDICARE.partition("|")[0]}).json()
    assert [each["resource"]["version"] for each in library["entry"]] == ["1.0"]


def licensed(person: Candidate, level: str, **changes: object) -> Resource:
    """A result of a licensed tool, as an Observation."""
    tool = f"{CANONICAL}/CodeSystem/licensed-level"
    coding = {"system": f"{CANONICAL}/CodeSystem/asam-level", "version": "4", "code": level}
    return {
        "resourceType": "Observation",
        "id": f"asam-{person.id}",
        "status": "final",
        "code": {"coding": [{"system": tool, "code": "asam-level"}]},
        "subject": person.reference,
        "effectiveDateTime": text(person.now()),
        "performer": [{"reference": "Practitioner/clinician"}],
        "valueCodeableConcept": {"coding": [coding]},
        **changes,
    }


def order(person: Candidate, hours: int) -> Resource:
    repeat = {"frequency": hours, "period": 1, "periodUnit": "wk", "duration": 1}
    return {
        "resourceType": "ServiceRequest",
        "id": f"order-{person.id}",
        "status": "active",
        "intent": "order",
        "subject": person.reference,
        "instantiatesCanonical": [f"{CANONICAL}/ActivityDefinition/group-therapy"],
        "occurrenceTiming": {"repeat": repeat | {"durationUnit": "h"}},
    }


def test_a_licensed_level_is_evidence_and_is_compared_with_the_plan(person: Candidate) -> None:
    person.put({"resourceType": "Patient", "id": person.id, "birthDate": "2012-01-01"})
    person.put(order(person, 6))
    written = person.put(licensed(person, "2.1"))
    given = person.level_of_care()
    [stepup] = [e for e in parameters(given, "criterion") if e["code"] == "IND-STEPUP"]
    [told] = parameters(given, "consistency")

    cited = {"reference": f"Observation/{written['id']}/_history/1"}
    assert (stepup["value"], stepup["evidence"]) == ("true", cited)
    assert (told["evidence"], told["policy"]) == (cited, "asam-2.1-adolescent|1.0")
    assert told["consistent"] == "true"

    person.pass_time()
    person.put({"resourceType": "Patient", "id": person.id, "birthDate": "1980-01-01"})
    [now] = parameters(person.level_of_care(), "consistency")
    assert (now["policy"], now["consistent"]) == ("asam-2.1-adult|1.0", "false")
    again = replay(person, given["occurrenceDateTime"]).json()
    assert parameters(again, "hash") == parameters(given, "hash")


def test_an_order_lasts_since_its_plan_began_now_and_then(person: Candidate) -> None:
    asked = {"criteria-set": {"valueCanonical": MEDICARE}}

    def hours() -> Resource:
        told = person.ask(f"Patient/{person.id}/$level-of-care", asked).json()
        [found] = [e for e in parameters(told, "criterion") if e["code"] == "SCH-03"]
        return {"value": found["value"], "guidance": told}

    week = {"value": 1, "unit": "week", "system": "http://unitsofmeasure.org", "code": "wk"}
    lasting = order(person, 12)
    lasting["occurrenceTiming"]["repeat"]["boundsDuration"] = week
    person.put(lasting)
    person.put(licensed(person, "2.1"))
    [unknown] = parameters(person.level_of_care(), "consistency")
    assert (unknown["consistent"], hours()["value"]) == ("unknown", "unknown")
    assert unknown["limitation"]["order"] == unknown["planned"]

    plan = {
        "resourceType": "CarePlan",
        "id": f"plan-{person.id}",
        "status": "active",
        "intent": "plan",
        "subject": person.reference,
        "period": {"start": person.now().date().isoformat()},
        "activity": [{"reference": {"reference": f"ServiceRequest/{lasting['id']}"}}],
    }
    person.put(plan)
    runs = hours()
    assert runs["value"] == "true"
    person.pass_time(timedelta(days=8))
    assert hours()["value"] == "unknown"
    again = replay(person, runs["guidance"]["occurrenceDateTime"], **asked).json()
    assert parameters(again, "hash") == parameters(runs["guidance"], "hash")


@pytest.mark.parametrize(
    ("level", "changes", "place"),
    [
        ("9", {}, "Observation.value"),
        ("2.1", {"performer": []}, "Observation.performer"),
        ("2.1", {"valueCodeableConcept": {"text": "2.1"}}, "Observation.value"),
    ],
)
def test_a_level_that_no_tool_gives_is_refused(
    person: Candidate, level: str, changes: Resource, place: str
) -> None:
    told = licensed(person, level, **changes)
    told = {name: value for name, value in told.items() if value != []}
    answer = person.http.put(f"Observation/{told['id']}", json=told)

    assert answer.status_code == 422
    assert [each["expression"] for each in answer.json()["issue"]] == [[place]]
    assert person.found("Observation") == []


def test_what_is_served_is_proven_by_the_checker_and_the_published_set(person: Candidate) -> None:
    person.judge_all(CAP_GROUP=False, EXC_IMMINENT=None)
    person.put(person.risk(LOW, effectiveDateTime=text(person.now())))
    person.put(order(person, 12))
    person.put(licensed(person, "2.1"))
    for canonical in (GENERAL, MEDICARE):
        asked = {"criteria-set": {"valueCanonical": canonical}}
        told = person.ask(f"Patient/{person.id}/$level-of-care", asked).json()
        url = canonical.partition("|")[0]
        [found] = person.http.get("Library", params={"url": url}).json()["entry"]
        data = base64.b64decode(found["resource"]["content"][0]["data"])

        assert faults(told, json.loads(data)) == []
        told["contained"][0]["parameter"].pop()
        assert faults(told, json.loads(data)) != []
