"""`QuestionnaireResponse/$extract`: what it writes, what it changes, and what it refuses."""

from __future__ import annotations

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from shared.care.canonical import POLICY, code_system, profile
from shared.care.instruments.registry import INSTRUMENTS
from shared.fhir.validation import validate
from tests.journey.answering import ITEM_9, PHQ_9, item, response
from tests.services.person import Person

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.programs import Programs

Resource = dict[str, Any]
AUTHORED = "2026-03-02T09:30:00Z"
TOTAL = "44261-6"
SUICIDE_RISK = code_system("suicide-risk")


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    headers = {"X-Stepdown-Actor": "Practitioner/tester"}
    with httpx.Client(
        base_url=all_in_one.fhir, headers=headers, timeout=180, trust_env=False
    ) as each:
        yield each


@pytest.fixture
def person(http: httpx.Client) -> Person:
    # Without an episode nothing happens by itself, so that only the operation is seen.
    return Person(http, in_care=False)


def extract(person: Person, sent: Resource) -> httpx.Response:
    return person.http.post(f"QuestionnaireResponse/{sent['id']}/$extract")


def results(answer: httpx.Response) -> dict[str, Resource]:
    """The results by the code of each."""
    assert answer.status_code == 200, answer.text
    bundle = answer.json()
    assert bundle["type"] == "transaction-response"
    assert validate(bundle) == []
    resources = [entry["resource"] for entry in bundle["entry"]]
    return {each["code"]["coding"][0]["code"]: each for each in resources}


def coded(resource: Resource) -> str:
    code: str = resource["valueCodeableConcept"]["coding"][0]["code"]
    return code


def refused(answer: httpx.Response, status: int, told: str) -> None:
    assert answer.status_code == status, answer.text
    outcome = answer.json()
    assert outcome["resourceType"] == "OperationOutcome"
    assert told in " ".join(issue["diagnostics"] for issue in outcome["issue"]), outcome


def test_a_phq_9_becomes_a_total_and_its_ninth_item(person: Person) -> None:
    counts = dict.fromkeys(PHQ_9, 2) | {ITEM_9: 1}
    sent = person.put(response("phq-9", person.reference, AUTHORED, counts))

    found = results(extract(person, sent))

    assert set(found) == {TOTAL, ITEM_9}
    total, ninth = found[TOTAL], found[ITEM_9]
    assert total["valueQuantity"]["value"] == 17
    assert total["valueQuantity"]["unit"] == "{score}"
    assert total["interpretation"][0]["text"] == "Moderately severe"
    assert coded(ninth) == "LA6569-3"
    for each in (total, ninth):
        assert each["status"] == "final"
        assert each["category"][0]["coding"][0]["code"] == "survey"
        assert each["subject"] == person.reference
        assert each["performer"] == [person.reference]
        assert each["effectiveDateTime"] == AUTHORED
        assert each["meta"]["profile"] == [profile("stepdown-observation")]
        assert each["derivedFrom"] == [{"reference": f"QuestionnaireResponse/{sent['id']}"}]
        [said] = person.told_of(each)
        assert said["entity"] == [
            {
                "role": "source",
                "what": {"reference": f"QuestionnaireResponse/{sent['id']}/_history/1"},
            }
        ]
        assert said["agent"][0]["who"]["identifier"] == {
            "system": POLICY,
            "value": "questionnaire-response-extraction|1.0",
        }


def test_repeating_an_extraction_changes_nothing(person: Person) -> None:
    sent = person.put(response("gad-7", person.reference, AUTHORED))

    first, second = extract(person, sent), extract(person, sent)

    assert results(first) == results(second)
    assert len(person.told_of(results(first)["70274-6"])) == 1


def test_many_who_extract_at_once_find_the_same_results(person: Person) -> None:
    sent = person.put(response("c-ssrs-screener", person.reference, AUTHORED, {"93249-1": 1}))

    with ThreadPoolExecutor(8) as pool:
        found = [results(each) for each in pool.map(lambda _: extract(person, sent), range(16))]

    assert all(each == found[0] for each in found)
    assert {each["meta"]["versionId"] for each in found[0].values()} == {"1"}
    assert len(person.told_of(found[0]["93374-7"])) == 1


def test_an_amended_response_gives_new_versions(person: Person) -> None:
    sent = person.put(response("phq-9", person.reference, AUTHORED))
    before = results(extract(person, sent))[TOTAL]
    changed = response("phq-9", person.reference, AUTHORED, {ITEM_9: 3})
    person.put(changed | {"id": sent["id"], "status": "amended"})

    after = results(extract(person, sent))[TOTAL]

    assert (before["id"], before["status"]) == (after["id"], "final")
    assert (after["status"], after["valueQuantity"]["value"]) == ("amended", 3)
    assert after["meta"]["versionId"] == "2"


def test_a_completed_response_that_was_changed_corrects_what_it_came_to(person: Person) -> None:
    sent = person.put(response("phq-9", person.reference, AUTHORED))
    extract(person, sent)
    changed = response("phq-9", person.reference, AUTHORED, {"44250-9": 3})
    person.put(changed | {"id": sent["id"]})

    found = results(extract(person, sent))

    assert (found[TOTAL]["status"], found[ITEM_9]["status"]) == ("corrected", "final")
    assert results(extract(person, sent)) == found


@pytest.mark.parametrize(
    ("missing", "value"),
    [(("44250-9",), 18), (("44250-9", ITEM_9), 18), (("44250-9", "44255-8", ITEM_9), None)],
)
def test_a_total_of_a_phq_9_is_extended_where_at_most_two_items_are_missing(
    person: Person, missing: tuple[str, ...], value: int | None
) -> None:
    counts: dict[str, int | None] = dict.fromkeys(PHQ_9, 2)
    counts |= dict.fromkeys(missing)
    sent = person.put(response("phq-9", person.reference, AUTHORED, counts))

    found = results(extract(person, sent))

    total = found[TOTAL]
    assert total.get("valueQuantity", {}).get("value") == value
    assert total["note"][0]["text"] == f"Not answered: {', '.join(missing)}."
    if value is None:
        assert total["dataAbsentReason"]["coding"][0]["code"] == "unknown"
        assert "component" not in total
    else:
        [mark] = total["component"]
        assert mark["code"]["coding"][0]["code"] == "prorated"
        assert mark["valueBoolean"] is True
    if ITEM_9 in missing:
        assert found[ITEM_9]["dataAbsentReason"]["coding"][0]["code"] == "unknown"
        assert "valueCodeableConcept" not in found[ITEM_9]


def test_a_gad_7_with_a_missing_item_has_no_total(person: Person) -> None:
    sent = person.put(response("gad-7", person.reference, AUTHORED, {"69725-0": None}))

    [total] = results(extract(person, sent)).values()

    assert total["dataAbsentReason"]["coding"][0]["code"] == "unknown"
    assert "valueQuantity" not in total


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({}, "none"),
        ({"93247-5": 1}, "LA9194-7"),
        ({"93267-3": 1}, "LA6751-7"),
        ({"93247-5": 1, "93249-1": 1}, "LA9193-9"),
        ({"93247-5": 0, "93248-3": None, "93249-1": None, "93250-9": None}, "none"),
    ],
)
def test_a_c_ssrs_becomes_its_risk(
    person: Person, counts: dict[str, int | None], expected: str
) -> None:
    sent = person.put(response("c-ssrs-screener", person.reference, AUTHORED, counts))

    found = results(extract(person, sent))

    assert set(found) == {"93374-7"}
    assert coded(found["93374-7"]) == expected


def test_a_c_ssrs_that_leaves_the_risk_open_names_the_lowest_and_the_highest(
    person: Person,
) -> None:
    counts = {"93247-5": 1, "93249-1": None}
    sent = person.put(response("c-ssrs-screener", person.reference, AUTHORED, counts))

    risk = results(extract(person, sent))["93374-7"]

    assert risk["valueCodeableConcept"]["coding"] == [{"system": SUICIDE_RISK, "code": "unknown"}]
    ends = {each["code"]["coding"][0]["code"]: coded(each) for each in risk["component"]}
    assert ends == {"lowest": "LA9194-7", "highest": "LA9193-9"}


def test_answers_that_contradict_count_where_they_affirm_and_people_are_told(
    person: Person,
) -> None:
    sent = person.put(response("c-ssrs-screener", person.reference, AUTHORED, {"93249-1": 1}))

    found = results(extract(person, sent))

    risk, issue = found["93374-7"], found["contradictory-answers"]
    assert coded(risk) == "LA9193-9"
    assert risk["note"] == [{"text": issue["detail"]}]
    assert "93247-5" in issue["detail"]
    assert "93249-1" in issue["detail"]
    assert {"reference": f"Observation/{risk['id']}"} in issue["implicated"]
    assert issue["patient"] == person.reference

    mended = response("c-ssrs-screener", person.reference, AUTHORED, {"93247-5": 1, "93249-1": 1})
    person.put(mended | {"id": sent["id"], "status": "amended"})
    assert set(results(extract(person, sent))) == {"93374-7"}
    assert person.read(issue)["status"] == "entered-in-error"


def test_a_response_that_is_sent_is_kept_once_and_extracted(person: Person) -> None:
    sent = response("gad-7", person.reference, AUTHORED)
    del sent["id"]
    parameters = {
        "resourceType": "Parameters",
        "parameter": [{"name": "questionnaire-response", "resource": sent}],
    }
    first = person.http.post("QuestionnaireResponse/$extract", json=sent)
    second = person.http.post("QuestionnaireResponse/$extract", json=parameters)

    assert results(first) == results(second)
    [kept] = person.found("QuestionnaireResponse")
    assert kept["item"] == sent["item"]
    [total] = results(first).values()
    assert total["derivedFrom"] == [{"reference": f"QuestionnaireResponse/{kept['id']}"}]


def test_a_response_that_the_record_holds_may_be_sent_as_it_is(person: Person) -> None:
    sent = person.put(response("gad-7", person.reference, AUTHORED))

    found = results(person.http.post("QuestionnaireResponse/$extract", json=sent))

    assert found == results(extract(person, sent))
    changed = sent | {"authored": "2026-03-03"}
    answer = person.http.post("QuestionnaireResponse/$extract", json=changed)
    refused(answer, 409, "update that")
    assert len(person.found("QuestionnaireResponse")) == 1


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"status": "in-progress"}, "completed or amended"),
        ({"status": "entered-in-error"}, "completed or amended"),
        ({"questionnaire": "https://elsewhere.example/Questionnaire/x"}, "/Questionnaire/gad-7"),
        ({"questionnaire": None}, "/Questionnaire/gad-7"),
        ({"subject": None}, "Patient of this record"),
        ({"subject": {"reference": "https://elsewhere.example/fhir/Patient/1"}}, "Patient of"),
        ({"item": [item("69725-0", "LA33-6")]}, "69725-0"),
        ({"item": [item("69725-1", "LA6568-5")]}, "69725-1"),
    ],
)
def test_what_cannot_be_extracted_is_refused_and_leaves_nothing_behind(
    person: Person, changes: Resource, told: str
) -> None:
    whole = response("gad-7", person.reference, AUTHORED) | changes
    sent = {name: value for name, value in whole.items() if value is not None}
    bare = {name: value for name, value in sent.items() if name != "id"}

    refused(person.http.post("QuestionnaireResponse/$extract", json=bare), 422, told)
    assert person.found("QuestionnaireResponse") == []
    refused(extract(person, person.put(sent)), 422, told)
    assert person.found("Observation") == person.found("DetectedIssue") == []


def test_a_response_that_is_not_there_is_not_extracted(person: Person) -> None:
    refused(extract(person, {"id": f"r-{uuid.uuid4()}"}), 404, "no QuestionnaireResponse")
    sent = person.put(response("gad-7", person.reference, AUTHORED))
    person.delete(sent)
    refused(extract(person, sent), 410, "deleted")


@pytest.mark.parametrize(
    "body",
    [
        {"resourceType": "Parameters"},
        {"resourceType": "Patient"},
        {"resourceType": "Parameters", "parameter": [{"name": "other", "valueString": "x"}]},
        {
            "resourceType": "Parameters",
            "parameter": [{"name": "questionnaire-response", "valueString": "x"}],
        },
    ],
)
def test_a_body_that_is_no_response_is_refused(person: Person, body: Resource) -> None:
    answer = person.http.post("QuestionnaireResponse/$extract", json=body)

    refused(answer, 400, "questionnaire-response")


def test_a_response_about_nobody_here_is_refused_whole(person: Person) -> None:
    sent = response("gad-7", {"reference": f"Patient/{uuid.uuid4()}"}, AUTHORED)
    del sent["id"]

    refused(person.http.post("QuestionnaireResponse/$extract", json=sent), 422, "does not exist")


def test_an_invalid_response_is_refused_whole(person: Person) -> None:
    sent = response("gad-7", person.reference, AUTHORED) | {"item": "none"}
    del sent["id"]

    answer = person.http.post("QuestionnaireResponse/$extract", json=sent)

    assert answer.status_code == 422, answer.text
    assert person.found("QuestionnaireResponse") == []


def test_extraction_is_asked_by_post(person: Person) -> None:
    sent = person.put(response("gad-7", person.reference, AUTHORED))

    answer = person.http.get(f"QuestionnaireResponse/{sent['id']}/$extract")

    refused(answer, 405, "POST")


def test_the_published_phq_9_response_is_extracted(person: Person, shared_data: Path) -> None:
    example = shared_data / "us-core" / "QuestionnaireResponse-phq-9-example.json"
    sent = json.loads(example.read_text()) | {"subject": person.reference}
    del sent["id"], sent["author"]

    found = results(person.http.post("QuestionnaireResponse/$extract", json=sent))

    assert found[TOTAL]["valueQuantity"]["value"] == 12
    assert found[TOTAL]["interpretation"][0]["text"] == "Moderate"
    assert coded(found[ITEM_9]) == "LA6568-5"
    assert found[TOTAL]["effectiveDateTime"] == sent["authored"]


def test_the_published_audit_c_response_has_no_total_and_says_why(
    person: Person, shared_data: Path
) -> None:
    example = shared_data / "us-core" / "QuestionnaireResponse-AUDIT-C.json"
    sent = json.loads(example.read_text()) | {"subject": person.reference}
    del sent["id"], sent["author"]

    [total] = results(person.http.post("QuestionnaireResponse/$extract", json=sent)).values()

    assert total["code"]["coding"][0]["code"] == "75626-2"
    assert total["dataAbsentReason"]["coding"][0]["code"] == "unknown"
    assert "valueQuantity" not in total
    assert any(each["text"].startswith("68517-2 ") for each in total["note"])


def test_the_instruments_are_published(person: Person) -> None:
    for instrument in INSTRUMENTS:
        published = person.read({"resourceType": "Questionnaire", "id": instrument.name})
        assert published["status"] == "active"
        assert instrument.licence in published["copyright"]
