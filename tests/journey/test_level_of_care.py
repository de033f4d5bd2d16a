"""`Patient/$level-of-care` over HTTP: from evidence in the record to a decision that is kept."""

from __future__ import annotations

import base64
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from services.intake_api.domain.level_of_care.valuation import CRITERION
from shared.care.canonical import CANONICAL, POLICY, code_system
from tests.journey.candidate import CLINICIAN, Candidate, diagnostics, outcome, parameters
from tests.services.person import HIGH, MODERATE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.journey.candidate import Input
    from tests.programs import Programs
    from tests.services.person import Resource

MODULE = f"{CANONICAL}/Library/iop-general|1.0"


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    base = all_in_one.fhir
    with httpx.Client(base_url=base, timeout=180, trust_env=False) as each:
        yield each


@pytest.fixture
def person(http: httpx.Client) -> Candidate:
    return Candidate(http)


def criteria(guidance: Resource) -> dict[str, Resource]:
    return {each["code"]: each for each in parameters(guidance, "criterion")}


def holds(person: Candidate) -> list[Resource]:
    return person.found("Task", code=f"{code_system('task')}|safety-hold")


def test_with_no_evidence_all_that_decides_is_missing(person: Candidate) -> None:
    answer = person.ask(f"Patient/{person.id}/$level-of-care")
    told = answer.json()

    assert answer.status_code == 201
    assert answer.headers["Location"].endswith(f"GuidanceResponse/{told['id']}/_history/1")
    assert (told["resourceType"], told["status"]) == ("GuidanceResponse", "data-required")
    assert (told["moduleCanonical"], told["subject"]) == (MODULE, person.reference)
    assert outcome(told) == "insufficient-information"
    codings = [each["codeFilter"][0]["code"][0] for each in told["dataRequirement"]]
    assert [each["code"] for each in codings] == parameters(told, "missing")
    assert {each["system"] for each in codings} == {CRITERION}
    assert len(codings) == 3 + 9 + 7


def test_evidence_gives_values_with_the_versions_that_were_read(person: Candidate) -> None:
    stay = person.put(person.stay(period={"start": "2026-01-02", "end": person.now().isoformat()}))
    depressed = person.put(
        {
            "resourceType": "Condition",
            "id": f"c-{person.id}",
            "subject": person.reference,
            "clinicalStatus": {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/condition-clinical",
                        "code": "active",
                    }
                ]
            },
            "code": {"coding": [{"system": "http://snomed.info/sct", "code": "370143000"}]},
        }
    )
    person.put(depressed | {"recordedDate": "2026-03-01"})
    risk = person.put(
        person.risk("LA9194-7", effectiveDateTime=person.now().isoformat(timespec="seconds"))
    )
    found = criteria(person.level_of_care())

    versions = {
        "IND-MH": f"Condition/{depressed['id']}/_history/2",
        "IND-STEPDOWN": f"Encounter/{stay['id']}/_history/1",
        "EXC-IMMINENT": f"Observation/{risk['id']}/_history/1",
    }
    for criterion, version in versions.items():
        assert found[criterion]["evidence"] == {"reference": version}
    assert [found[each]["value"] for each in versions] == ["true", "true", "false"]
    assert found["CAP-GROUP"]["value"] == "unknown"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "recommend-iop"),
        ({"CAP_GROUP": False}, "recommend-iop-with-conditions"),
        ({"EXC_DETOX": True}, "higher"),
        ({"EXC_DETOX": None}, "insufficient-information"),
    ],
)
def test_a_clinicians_judgements_decide(
    person: Candidate, changes: dict[str, bool | None], expected: str
) -> None:
    person.judge_all(**changes)

    told = person.level_of_care()

    assert outcome(told) == expected
    is_open = expected == "insufficient-information"
    assert told["status"] == ("data-required" if is_open else "success")


def test_no_need_at_all_is_a_lower_level(person: Candidate) -> None:
    needs = {
        criterion.replace("-", "_"): False
        for criterion in criteria(person.level_of_care())
        if criterion.startswith("IND-")
    }
    person.judge_all(**needs)

    assert outcome(person.level_of_care()) == "lower"


def test_what_others_state_is_no_judgement(person: Candidate) -> None:
    person.judge_all()
    person.judge("EXC-24H", value=True, by=f"Patient/{person.id}")

    assert outcome(person.level_of_care()) == "recommend-iop"
    person.judge("EXC-24H", value=True)
    assert outcome(person.level_of_care()) == "higher"


def test_asking_again_changes_nothing_until_the_evidence_does(person: Candidate) -> None:
    person.judge_all()
    first = person.level_of_care()
    before = person.everything()

    again = person.ask(f"Patient/{person.id}/$level-of-care")

    assert (again.status_code, again.json()) == (200, first)
    assert person.everything() == before
    person.judge("CAP-GROUP", value=False)
    assert person.level_of_care()["id"] != first["id"]
    assert len(person.found("GuidanceResponse")) == 2


def test_several_who_ask_at_once_get_one_decision(person: Candidate) -> None:
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(person.ask, f"Patient/{person.id}/$level-of-care") for _ in range(4)]
        answers = [each.result() for each in asked]

    assert sorted(each.status_code for each in answers) == [200, 200, 200, 201]
    [told] = person.found("GuidanceResponse")
    assert [each.json() for each in answers] == [told] * 4
    assert len(holds(person)) == 1


def test_a_decision_that_holds_again_is_told_again(person: Candidate) -> None:
    person.judge_all()
    first = person.level_of_care()
    doubt = person.judge("CAP-GROUP", value=False)
    second = person.level_of_care()
    person.put(doubt | {"status": "entered-in-error"})

    third = person.level_of_care()

    assert (third["id"], third["meta"]["versionId"]) == (first["id"], "2")
    times = [each["occurrenceDateTime"] for each in (first, second, third)]
    assert times == sorted(times)
    assert outcome(second) == "recommend-iop-with-conditions"
    assert outcome(third) == "recommend-iop"


def test_the_hash_and_the_criteria_set_can_be_checked_by_anybody(person: Candidate) -> None:
    person.judge_all()
    told = person.level_of_care()
    trace = told["contained"][0]["parameter"]
    text = json.dumps(
        [each for each in trace if each["name"] != "hash"],
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    )
    library = person.http.get("Library/iop-general").json()
    published = base64.b64decode(library["content"][0]["data"])

    assert parameters(told, "hash") == [hashlib.sha256(text.encode()).hexdigest()]
    assert f"{library['url']}|{library['version']}" == told["moduleCanonical"]
    assert parameters(told, "criteria-set-hash") == [hashlib.sha256(published).hexdigest()]


def test_a_decision_is_signed_by_its_policy_and_by_nobody(person: Candidate) -> None:
    judged = person.judge_all()
    [said] = person.told_of(person.level_of_care())
    [agent] = said["agent"]

    assert agent["who"]["identifier"] == {"system": POLICY, "value": "level-of-care|1.0"}
    assert "reference" not in agent["who"]
    sources = {each["what"]["reference"] for each in said["entity"]}
    assert sources == {f"Observation/{each['id']}/_history/1" for each in judged.values()}


def test_unknown_safety_is_held_by_one_task_until_it_is_judged(person: Candidate) -> None:
    for criterion in ("CAP-GROUP", "CAP-LEARN"):
        person.level_of_care()
        person.judge(criterion, value=True)
    [hold] = holds(person)
    assert (hold["status"], hold["priority"]) == ("requested", "asap")
    assert hold["focus"] == {"reference": f"EpisodeOfCare/{person.episode['id']}"}

    person.judge("EXC-IMMINENT", value=False)
    told = person.level_of_care()

    [released] = holds(person)
    assert (released["id"], released["status"]) == (hold["id"], "completed")
    guidance = {"reference": f"GuidanceResponse/{told['id']}"}
    assert released["output"][0]["valueReference"] == guidance


def test_safety_that_becomes_unknown_again_is_held_again(person: Candidate) -> None:
    person.judge_all()
    person.level_of_care()
    assert holds(person) == []

    later = person.now().isoformat(timespec="milliseconds")
    person.put(person.risk(MODERATE, effectiveDateTime=later))
    told = person.level_of_care()

    assert parameters(told, "rule") == ["safety-unknown"]
    assert [each["status"] for each in holds(person)] == ["requested"]


def test_danger_is_known_and_needs_no_hold(person: Candidate) -> None:
    person.put(person.risk(HIGH))

    assert outcome(person.level_of_care()) == "higher"
    assert holds(person) == []


@pytest.mark.parametrize("canonical", [MODULE, MODULE.removesuffix("|1.0")])
def test_the_criteria_set_can_be_named(person: Candidate, canonical: str) -> None:
    named: dict[str, Input] = {"criteria-set": {"valueCanonical": canonical}}
    answer = person.ask(f"Patient/{person.id}/$level-of-care", named)

    assert answer.json()["moduleCanonical"] == MODULE


def test_an_unknown_criteria_set_is_refused_with_those_known(person: Candidate) -> None:
    named: dict[str, Input] = {"criteria-set": {"valueCanonical": f"{CANONICAL}/Library/other"}}
    answer = person.ask(f"Patient/{person.id}/$level-of-care", named)

    assert answer.status_code == 400
    assert MODULE in diagnostics(answer)
    assert person.found("GuidanceResponse") == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("criteria-set", {"valueInteger": 1}),
        ("set", {"valueCanonical": MODULE}),
        ("criteria-set", {"valueCanonical": MODULE, "valueString": MODULE}),
    ],
)
def test_malformed_inputs_are_refused(person: Candidate, name: str, value: dict[str, Any]) -> None:
    answer = person.ask(f"Patient/{person.id}/$level-of-care", {name: value})

    assert answer.status_code == 400
    assert diagnostics(answer)
    assert person.found("GuidanceResponse") == []


def test_nobody_and_what_is_no_person_have_no_level_of_care(person: Candidate) -> None:
    assert person.ask("Patient/nobody/$level-of-care").status_code == 404
    episode = person.episode["id"]
    assert person.ask(f"EpisodeOfCare/{episode}/$level-of-care").status_code == 404
    assert person.ask("Patient/$level-of-care").status_code == 404
    assert person.http.get(f"Patient/{person.id}/$level-of-care").status_code == 405


def test_who_was_deleted_has_no_level_of_care(http: httpx.Client) -> None:
    http.put("Patient/gone", json={"resourceType": "Patient", "id": "gone"})
    assert http.delete("Patient/gone").is_success

    answer = http.post("Patient/gone/$level-of-care", headers={"X-Stepdown-Actor": CLINICIAN})

    assert answer.status_code == 410


def test_a_hold_without_an_episode_is_the_persons_own(http: httpx.Client) -> None:
    http.put("Patient/alone", json={"resourceType": "Patient", "id": "alone"})

    assert http.post("Patient/alone/$level-of-care").status_code == 201

    found = http.get("Task", params={"patient": "alone"}).json()["entry"]
    assert [each["resource"]["focus"] for each in found] == [{"reference": "Patient/alone"}]
