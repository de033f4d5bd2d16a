"""`stepdown lint`: files of every kind are looked through, and findings end with exit code 1."""

from __future__ import annotations

import gzip
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from services.cli.main import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Lint = Callable[..., tuple[object, list[dict[str, str]]]]

TOTAL = {"coding": [{"system": "http://loinc.org", "code": "44261-6"}]}
FINE = {"resourceType": "Observation", "id": "fine", "code": TOTAL, "valueInteger": 12}
WRONG = {"resourceType": "Observation", "id": "wrong", "code": TOTAL, "valueString": "12"}


@pytest.fixture
def lint(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Lint:
    def ended(*arguments: object) -> tuple[object, list[dict[str, str]]]:
        monkeypatch.setattr(sys, "argv", ["stepdown", "lint", "--json", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            run()
        return caught.value.code, json.loads(capsys.readouterr().out or "[]")

    return ended


def bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    entries = [{"resource": each} for each in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def test_a_folder_of_files_of_every_kind_is_looked_through(lint: Lint, tmp_path: Path) -> None:
    carrier = {"resourceType": "Basic", "id": "b", "code": {}, "contained": [WRONG]}
    (tmp_path / "alone.json").write_text(json.dumps(WRONG))
    (tmp_path / "bundle.json.gz").write_bytes(
        gzip.compress(json.dumps(bundle(FINE, WRONG)).encode())
    )
    (tmp_path / "lines.ndjson").write_text(f"{json.dumps(FINE)}\n\n{json.dumps(WRONG)}\n")
    (tmp_path / "within.json").write_text(json.dumps(bundle(carrier)))

    code, findings = lint(tmp_path)
    assert code == 1
    assert {each["rule"] for each in findings} == {"total-not-a-number"}
    assert {each["resource"] for each in findings} == {"Observation/wrong"}
    assert [(each["file"].rpartition("/")[2], each["location"]) for each in findings] == [
        ("alone.json", "Observation.valueString"),
        ("bundle.json.gz", "Bundle.entry[1].resource.valueString"),
        ("lines.ndjson, line 3", "Observation.valueString"),
        ("within.json", "Bundle.entry[0].resource.contained[0].valueString"),
    ]


def test_arrays_and_parameters_are_looked_through(lint: Lint, tmp_path: Path) -> None:
    part = {"name": "p", "part": [{"name": "q", "resource": WRONG}]}
    passed = {"resourceType": "Parameters", "parameter": [{"name": "r", "resource": FINE}, part]}
    (tmp_path / "array.json").write_text(json.dumps([FINE, bundle(WRONG), passed]))

    code, findings = lint(tmp_path)
    assert code == 1
    assert [each["location"] for each in findings] == [
        "[1].Bundle.entry[0].resource.valueString",
        "[2].Parameters.parameter[1].part[0].resource.valueString",
    ]


def test_what_a_published_package_says_of_itself_is_passed_over(lint: Lint, tmp_path: Path) -> None:
    for name in ("package.json", ".index.json"):
        (tmp_path / name).write_text('{"name": "example.fhir", "version": "1.0.0"}')
    (tmp_path / "a.json").write_text(json.dumps(WRONG))

    _, findings = lint(tmp_path)
    assert [each["rule"] for each in findings] == ["total-not-a-number"]
    assert lint(tmp_path / "package.json") == (1, [])


def test_a_total_is_compared_with_the_answers_beside_it(lint: Lint, tmp_path: Path) -> None:
    urn = "urn:uuid:8e5b0a0c-7b1d-4f62-9a55-0d9d5c0f2f10"
    answer = {"valueCoding": {"system": "http://loinc.org", "code": "LA6569-3"}}
    items = ["44250-9", "44255-8", "44259-0", "44254-1", "44251-7", "44258-2", "44252-5"]
    form = {
        "resourceType": "QuestionnaireResponse",
        "status": "completed",
        "item": [{"linkId": e, "answer": [answer]} for e in (*items, "44253-3", "44260-8")],
    }
    for name, value in (("right", 9), ("wrong", 10)):
        told = FINE | {"valueInteger": value, "derivedFrom": [{"reference": urn}]}
        made = bundle(told, form)
        made["entry"][1]["fullUrl"] = urn
        (tmp_path / f"{name}.ndjson").write_text(json.dumps(made))
        inside = FINE | {"valueInteger": value, "derivedFrom": [{"reference": "#r"}]}
        inside |= {"contained": [form | {"id": "r"}]}
        (tmp_path / f"{name}-contained.json").write_text(json.dumps(bundle(inside)))

    _, findings = lint(tmp_path)
    assert [(each["file"].rpartition("/")[2], each["rule"]) for each in findings] == [
        ("wrong-contained.json", "total-wrong"),
        ("wrong.ndjson, line 1", "total-wrong"),
    ]


def test_without_a_defect_the_exit_code_is_0(lint: Lint, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(bundle(FINE)))

    assert lint(tmp_path / "a.json") == (0, [])


def test_answers_in_one_file_are_compared_with_a_total_in_another(
    lint: Lint, tmp_path: Path
) -> None:
    answer = [{"valueCoding": {"system": "http://loinc.org", "code": "LA6569-3"}}]
    codes = ["69725-0", "68509-9", "69733-4", "69734-2", "69735-9", "69689-8", "69736-7"]
    response = {
        "resourceType": "QuestionnaireResponse",
        "id": "r",
        "status": "completed",
        "item": [{"linkId": code, "answer": answer} for code in codes],
    }
    total = {
        "resourceType": "Observation",
        "code": {"coding": [{"system": "http://loinc.org", "code": "70274-6"}]},
        "valueInteger": 8,
        "derivedFrom": [{"reference": "QuestionnaireResponse/r"}],
    }
    (tmp_path / "a.json").write_text(json.dumps(total))
    (tmp_path / "b.json").write_text(json.dumps(response))

    code, [finding] = lint(tmp_path)
    assert (code, finding["rule"], finding["resource"]) == (1, "total-wrong", "Observation")
    assert finding["reason"] == "The GAD-7 total score is 8; the answers give 7."


@pytest.mark.parametrize(
    "odd",
    [
        WRONG | {"code": []},
        {"resourceType": "Questionnaire", "url": ["x"], "item": "x"},
        WRONG | {"component": "x"},
        FINE | {"valueInteger": True},
        FINE | {"valueInteger": {}},
        {"resourceType": "QuestionnaireResponse", "item": {"linkId": 1}},
        {"resourceType": "Bundle", "entry": [{"resource": WRONG | {"code": "x"}}, 1]},
    ],
)
def test_what_is_not_built_as_its_type_is_told_and_no_fault(
    lint: Lint, tmp_path: Path, odd: dict[str, Any]
) -> None:
    (tmp_path / "a.json").write_text(json.dumps(odd))

    code, findings = lint(tmp_path)
    assert code == 1
    assert [each["rule"] for each in findings][-1] == "not-readable"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"resourceType": 3}', "no JSON"])
def test_what_is_no_resource_is_refused(lint: Lint, tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)

    assert lint(tmp_path) == (1, [])


def test_published_examples_hold_the_defects_that_are_known(lint: Lint, shared_data: Path) -> None:
    code, findings = lint(shared_data / "us-core", shared_data / "davinci-alerts")

    assert code == 1
    assert sorted((each["resource"], each["rule"]) for each in findings) == [
        ("Observation/PHQ9-item-example-44261-6", "total-not-a-number"),
        ("Questionnaire/AUDIT-C", "wrong-instrument-code"),
        ("QuestionnaireResponse/AUDIT-C", "total-not-given"),
        ("QuestionnaireResponse/AUDIT-C", "wrong-instrument-code"),
    ]
