"""The instruments over HTTP: begun, answered, scored by themselves, and a wording loaded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from shared.care.instruments.registry import INSTRUMENTS
from shared.fhir.validation import validate
from tests.journey.answering import response
from tests.services.person import Person
from tests.unit.care.instruments import by_place, instrument

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.programs import Programs

Resource = dict[str, Any]
AUTHORED = "2026-03-02T09:30:00Z"
ISI = "https://stepdown.example/fhir/Questionnaire/isi"


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    headers = {"X-Stepdown-Actor": "Practitioner/tester"}
    with httpx.Client(
        base_url=all_in_one.fhir, headers=headers, timeout=180, trust_env=False
    ) as each:
        yield each


def populate(http: httpx.Client, path: str, **inputs: Resource) -> httpx.Response:
    told = [{"name": name, **value} for name, value in inputs.items()]
    body = {"resourceType": "Parameters", "parameter": told}
    return http.post(f"Questionnaire/{path}$populate", json=body)


def begun(answer: httpx.Response) -> Resource:
    assert answer.status_code == 200, answer.text
    assert validate(answer.json()) == []
    [response] = [each for each in answer.json()["parameter"] if each["name"] == "response"]
    resource: Resource = response["resource"]
    return resource


def subject(person: Person) -> Resource:
    return {"valueReference": person.reference}


def lowest(name: str) -> dict[str, int]:
    one = instrument(name)
    return {code: min(each.value for each in one.options_of(code)) for code in one.by_code}


@pytest.mark.parametrize("name", [each.name for each in INSTRUMENTS])
def test_every_instrument_that_somebody_in_care_completes_is_scored_by_itself(
    http: httpx.Client, name: str
) -> None:
    person, one = Person(http), instrument(name)
    begun_one = begun(populate(http, f"{name}/", subject=subject(person)))
    sent = response(name, person.reference, AUTHORED, lowest(name))
    answers = {each["linkId"]: each["answer"] for each in sent["item"]}
    items = [each | {"answer": answers[each["linkId"]]} for each in begun_one["item"]]
    person.put(begun_one | {"id": sent["id"], "status": "completed", "item": items})

    codes = [score.code for score in one.scores] or [one.risk.code if one.risk else ""]
    for code in codes:
        found = person.comes("Observation", code=code)
        assert found["derivedFrom"] == [{"reference": f"QuestionnaireResponse/{sent['id']}"}]
        assert "dataAbsentReason" not in found


@pytest.mark.parametrize(("gender", "band"), [("male", "negative"), ("female", "positive")])
def test_the_cut_point_of_an_audit_c_is_that_of_the_record(
    http: httpx.Client, gender: str, band: str
) -> None:
    person = Person(http, in_care=False)
    person.put({"resourceType": "Patient", "id": person.id, "gender": gender})
    sent = response("audit-c", person.reference, AUTHORED, by_place("audit-c", (1, 1, 1)))

    answer = http.post("QuestionnaireResponse/$extract", json=sent)

    assert answer.status_code == 200, answer.text
    [total] = [each["resource"] for each in answer.json()["entry"]]
    assert total["interpretation"][0]["coding"][0]["code"] == band
    item = begun(populate(http, "audit-c/", subject=subject(person)))["item"][-1]
    assert item["answer"][0]["valueCoding"]["code"] == gender


def test_populating_by_canonical_by_resource_and_by_id_begins_the_same(
    http: httpx.Client,
) -> None:
    person = Person(http, in_care=False)
    published = person.read({"resourceType": "Questionnaire", "id": "pcl-5"})
    canonical = {"valueCanonical": f"{published['url']}|1.0"}
    ways = [
        populate(http, "pcl-5/", subject=subject(person)),
        populate(http, "", subject=subject(person), canonical=canonical),
        populate(http, "", subject=subject(person), questionnaire={"resource": published}),
    ]

    found = [begun(each) | {"authored": ""} for each in ways]
    assert found[0] == found[1] == found[2]
    assert person.found("QuestionnaireResponse") == []
    for wrong in (f"{published['url']}|9.9", f"{published['url']},{ISI}"):
        named = {"valueCanonical": wrong}
        assert populate(http, "", subject=subject(person), canonical=named).status_code == 404
    two: dict[str, Resource] = {"canonical": canonical, "questionnaire": {"resource": published}}
    assert populate(http, "", subject=subject(person), **two).status_code == 400


def test_what_cannot_be_filled_in_is_said(http: httpx.Client) -> None:
    person = Person(http, in_care=False)
    expression = {"language": "text/fhirpath", "expression": "today()"}
    url = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-initialExpression"
    extension = [{"url": url, "valueExpression": expression}]
    item = {"linkId": "day", "type": "date", "extension": extension}
    asked = {"resourceType": "Questionnaire", "status": "active", "item": [item]}

    answer = populate(http, "", subject=subject(person), questionnaire={"resource": asked})

    assert begun(answer)["item"] == [{"linkId": "day"}]
    [issues] = [each["resource"] for each in answer.json()["parameter"] if each["name"] == "issues"]
    assert issues["issue"][0]["expression"] == ["Questionnaire.item[0]"]


def test_a_changed_score_of_ours_is_compared_with_its_baseline(http: httpx.Client) -> None:
    person = Person(http, in_care=False)
    today = person.now().date().isoformat()
    episode = {"resourceType": "EpisodeOfCare", "id": f"e-{person.id}", "status": "active"}
    person.put(episode | {"patient": person.reference, "period": {"start": today}})
    for hour, count in ((1, 3), (2, 1)):
        counts = dict.fromkeys(instrument("who-5").by_code, count)
        authored = f"{today}T0{hour}:00:00Z"
        person.put(response("who-5", person.reference, authored, counts))

    change = person.comes("Observation", code="who-5-change")

    assert change["valueCodeableConcept"]["coding"][0]["code"] == "reliable-worsening"
    assert change["component"][0]["valueQuantity"]["value"] == -40


def command(programs: Programs, *arguments: object) -> subprocess.CompletedProcess[str]:
    told = [sys.executable, "-m", "services.cli", "instrument", *map(str, arguments)]
    return subprocess.run(
        [*told, "--to", programs.fhir],
        env=os.environ | {"COLUMNS": "300"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def worded(http: httpx.Client, tmp_path: Path) -> Path:
    mine: Resource = http.get("Questionnaire/isi").json()
    for number, each in enumerate(mine["item"], 1):
        each["text"] = f"Made-up wording {number}"
    mine |= {"id": "mine", "url": "https://clinic.example/Questionnaire/isi"}
    file = tmp_path / "isi.json"
    file.write_text(json.dumps(mine))
    return file


def test_a_wording_is_loaded_only_with_a_licence_and_then_asked_in(
    all_in_one: Programs, http: httpx.Client, worded: Path
) -> None:
    refused = command(all_in_one, "load", worded)
    assert refused.returncode == 1
    assert "--licence-held" in refused.stderr
    assert http.get("Questionnaire/isi-own-copy").status_code == 404
    assert "topics only" in _row(command(all_in_one, "list"), "isi")

    loaded = command(all_in_one, "load", worded, "--licence-held", "Clinic X, agreement 123")
    assert loaded.returncode == 0, loaded.stderr
    kept = http.get("Questionnaire/isi-own-copy").json()
    assert kept["url"] == ISI
    assert "Licence held: Clinic X, agreement 123." in kept["copyright"]
    assert "own copy" in _row(command(all_in_one, "list"), "isi")
    assert "carried" in _row(command(all_in_one, "list"), "phq-9")

    person = Person(http, in_care=False)
    asked = begun(populate(http, "", subject=subject(person), canonical={"valueCanonical": ISI}))
    assert asked["item"][0]["text"] == "Made-up wording 1"
    sent = response("isi", person.reference, AUTHORED, dict.fromkeys(instrument("isi").by_code, 2))
    answer = http.post(
        "QuestionnaireResponse/$extract", json=sent | {"questionnaire": asked["questionnaire"]}
    )
    [score] = [each["resource"] for each in answer.raise_for_status().json()["entry"]]
    assert score["valueQuantity"]["value"] == 14


def test_the_bam_iop_is_asked_in_the_wording_of_the_form_that_is_used(
    all_in_one: Programs, http: httpx.Client, tmp_path: Path
) -> None:
    mine: Resource = http.get("Questionnaire/bam-iop").json()
    assert all(each["text"].startswith("Topic: ") for each in mine["item"])
    file = tmp_path / "bam-iop.json"
    stated = "--licence-held", "none needed: a work of the US government"
    file.write_text(json.dumps(mine))
    assert "the wording is missing" in command(all_in_one, "load", file, *stated).stderr

    worded = [each | {"text": f"Our form, {each['linkId']}"} for each in mine["item"]]
    file.write_text(json.dumps(mine | {"item": worded}))
    loaded = command(all_in_one, "load", file, *stated)
    assert loaded.returncode == 0, loaded.stderr
    assert "own copy" in _row(command(all_in_one, "list"), "bam-iop")

    person = Person(http, in_care=False)
    by = {"valueCanonical": mine["url"]}
    asked = begun(populate(http, "", subject=subject(person), canonical=by))
    assert asked["item"][3]["text"] == "Our form, bam-iop-4"
    days: dict[str, int | None] = {"bam-iop-4": 3, "bam-iop-5": 0, "bam-iop-6": 2}
    sent = response("bam-iop", person.reference, AUTHORED, days)
    answer = http.post(
        "QuestionnaireResponse/$extract", json=sent | {"questionnaire": asked["questionnaire"]}
    )
    told = [each["resource"] for each in answer.raise_for_status().json()["entry"]]
    [use] = [e for e in told if e["code"]["coding"][0]["code"] == "bam-iop-use"]
    assert use["valueQuantity"]["value"] == 5


def _row(told: subprocess.CompletedProcess[str], name: str) -> str:
    assert told.returncode == 0, told.stderr
    [row] = [line for line in told.stdout.splitlines() if f" {name} " in line]
    return row
