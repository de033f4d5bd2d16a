"""What a file is found to define and to refer to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from services.cli.console import Failure
from services.cli.loading.contents import Contents, scan

if TYPE_CHECKING:
    from pathlib import Path

    from shared.fhir.reader import JsonObject


def scanned(tmp_path: Path, content: JsonObject | str, name: str = "file.json") -> Contents:
    (tmp_path / name).write_text(content if isinstance(content, str) else json.dumps(content))
    return scan(tmp_path / name)


def bundle(*entries: JsonObject, kind: str = "transaction") -> JsonObject:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def test_a_bundle_defines_its_types_ids_identifiers_conditions_and_addresses(
    tmp_path: Path,
) -> None:
    entry = {
        "fullUrl": "http://hospital.example/Organization/1",
        "resource": {
            "resourceType": "Organization",
            "id": "1",
            "identifier": [{"system": "urn:s", "value": "a"}],
        },
        "request": {
            "method": "POST",
            "url": "Organization",
            "ifNoneExist": "identifier=urn%3As%7Cb",
        },
    }
    assert scanned(tmp_path, bundle(entry)).defines == {
        "Organization",
        "Organization/1",
        "Organization?identifier=urn:s|a",
        "Organization?identifier=urn:s|b",
        "http://hospital.example/Organization/1",
    }


def test_a_bundle_refers_to_what_others_must_define(tmp_path: Path) -> None:
    resource = {
        "resourceType": "Encounter",
        "contained": [{"resourceType": "Location", "id": "in"}],
        "subject": {"reference": "Patient/1/_history/2"},
        "partOf": {"reference": "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"},
        "serviceProvider": {"reference": "Organization?identifier=urn%3As%7Ca"},
        "location": [{"location": {"reference": "#in"}}],
        "episodeOfCare": [{"reference": "http://hospital.example/EpisodeOfCare/1"}],
    }
    assert scanned(tmp_path, bundle({"resource": resource})).refers == {
        "Patient/1",
        "Organization?identifier=urn:s|a",
        "http://hospital.example/EpisodeOfCare/1",
    }


def test_a_file_does_not_refer_to_what_it_defines_itself(tmp_path: Path) -> None:
    patient = {"resource": {"resourceType": "Patient", "id": "1"}}
    goal = {"resource": {"resourceType": "Goal", "subject": {"reference": "Patient/1"}}}
    found = scanned(tmp_path, bundle(goal, patient, kind="collection"))
    assert found.refers == set()
    assert found.resources == 2


def test_escaped_slashes_in_a_reference_are_read(tmp_path: Path) -> None:
    text = r'{"resourceType":"Goal","subject":{"reference":"Patient\/1"}}'
    assert scanned(tmp_path, text).refers == {"Patient/1"}


def test_lines_define_and_refer_to_types_only(tmp_path: Path) -> None:
    goal = {"resourceType": "Goal", "id": "1", "subject": {"reference": "Patient/1"}}
    care_team = {"resourceType": "CareTeam", "id": "1", "subject": {"reference": "Patient/2"}}
    text = f"{json.dumps(goal)}\n\n{json.dumps(care_team)}"
    found = scanned(tmp_path, text, "lines.ndjson")
    assert found.resources == 2
    assert found.defines == {"Goal", "CareTeam"}
    assert found.refers == {"Patient"}


@pytest.mark.parametrize(
    "text", ["", "[]", "{", "{}", '{"entry": 1}', '{"id": 1}', '{"id": "1"}', "\xff"]
)
def test_what_is_no_fhir_json_is_refused_by_its_name(tmp_path: Path, text: str) -> None:
    with pytest.raises(Failure, match=r"file\.json is not a FHIR resource"):
        scanned(tmp_path, text)


@pytest.mark.parametrize("line", ["{oops", '{"id":"1"}', "{}"])
def test_a_line_that_is_no_resource_is_refused_by_its_number(tmp_path: Path, line: str) -> None:
    with pytest.raises(Failure, match=r"lines\.ndjson, line 3, is not"):
        scanned(tmp_path, f'{{"resourceType":"Goal"}}\n\n{line}\n', "lines.ndjson")


@pytest.mark.parametrize("kind", ["history", "batch-response", "transaction-response", ""])
def test_a_bundle_of_what_happened_holds_nothing_to_load(tmp_path: Path, kind: str) -> None:
    told = {"resource": {"resourceType": "Patient", "id": "1"}}
    with pytest.raises(Failure, match=rf"of type {kind or 'unknown'}: nothing to load"):
        scanned(tmp_path, bundle(told, kind=kind))


@pytest.mark.parametrize(
    "kind", ["transaction", "batch", "collection", "searchset", "document", "message"]
)
def test_a_bundle_that_holds_resources_is_loaded(tmp_path: Path, kind: str) -> None:
    held = {"resource": {"resourceType": "Patient", "id": "1"}}
    assert scanned(tmp_path, bundle(held, kind=kind)).defines == {"Patient", "Patient/1"}
