"""The OpenAPI document is valid, and describes what is routed."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import jsonschema_rs
import pytest
import schemathesis

from services.ownership import SERVICES, ServiceName
from shared.fhir.definitions import RESOURCE_TYPES
from shared.fhir.errors import FhirError
from shared.fhir.search.parameters import served_parameters
from shared.server.openapi import openapi
from shared.server.routing import route
from shared.server.served import interactions_of
from tests.unit.server.definitions import DEFINITIONS, definition

WHOLE = openapi(*DEFINITIONS, version="1.2.3")
SAMPLE = {"{id}": "1", "{version}": "1"}


def described(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, each)
        for path, methods in document["paths"].items()
        for method, each in methods.items()
    ]


@pytest.mark.parametrize("names", [*((name,) for name in SERVICES), SERVICES])
def test_the_document_is_valid_openapi(names: tuple[ServiceName, ...]) -> None:
    document = openapi(*map(definition, names), version="1.2.3")

    schemathesis.openapi.from_dict(document).validate()
    broken = copy.deepcopy(document)
    broken["paths"]["/fhir/metadata"]["get"]["responses"] = "all of them"
    with pytest.raises(jsonschema_rs.ValidationError):
        schemathesis.openapi.from_dict(broken).validate()


def test_every_reference_in_it_leads_somewhere() -> None:
    for found in set(re.findall(r'"#/components/(\w+)/([^"]+)"', json.dumps(WHOLE))):
        assert found[1] in WHOLE["components"][found[0]]


def test_it_stays_small_with_all_types() -> None:
    assert len(json.dumps(WHOLE)) < 3_000_000


def test_every_fhir_path_is_routed() -> None:
    for path, method, _ in described(WHOLE):
        if path.startswith("/fhir"):
            asked = re.sub(r"\{\w+\}", lambda found: SAMPLE[found[0]], path)
            assert route(method.upper(), asked.removeprefix("/fhir").removeprefix("/"))


def test_a_method_that_is_not_described_is_not_routed() -> None:
    for path in ("/fhir", "/fhir/metadata", "/fhir/Patient", "/fhir/Patient/{id}"):
        for method in {"get", "post", "put", "patch", "delete"} - WHOLE["paths"][path].keys():
            below = path.removeprefix("/fhir").removeprefix("/").replace("{id}", "1")
            with pytest.raises(FhirError):
                route(method.upper(), below)


def test_each_interaction_of_each_type_is_described_once() -> None:
    ids = [each["operationId"] for _, _, each in described(WHOLE) if "operationId" in each]

    assert len(ids) == len(set(ids))
    for resource_type in RESOURCE_TYPES:
        for interaction in interactions_of(resource_type):
            assert f"{resource_type}.{interaction}" in ids


def test_a_search_names_its_parameters() -> None:
    search = WHOLE["paths"]["/fhir/Observation"]["get"]
    own = {each["name"] for each in search["parameters"] if "name" in each}
    shared = {each["$ref"].rpartition("/")[2] for each in search["parameters"] if "$ref" in each}

    assert own | shared >= served_parameters("Observation").keys()
    assert shared >= {"count", "sort", "_id", "_lastUpdated"}


def test_an_audit_event_names_the_parameters_that_it_is_searched_by() -> None:
    search = WHOLE["paths"]["/fhir/AuditEvent"]
    told = json.dumps(search["get"])

    assert search.keys() == {"get"}
    assert WHOLE["paths"]["/fhir/AuditEvent/{id}"].keys() == {"get"}
    assert '"outcome"' in told
    assert '"altid"' in told
    assert "_tag" in told


def test_every_answer_of_fhir_may_be_an_outcome() -> None:
    for path, _, each in described(WHOLE):
        if path.startswith("/fhir"):
            assert each["responses"]["default"] == {"$ref": "#/components/responses/refusal"}


def test_an_operation_that_changes_nothing_can_also_be_asked_by_get() -> None:
    assert WHOLE["paths"]["/fhir/Patient/{id}/$progress"].keys() == {"get", "post"}
    assert WHOLE["paths"]["/fhir/EpisodeOfCare/{id}/$admit"].keys() == {"post"}
    assert WHOLE["paths"]["/fhir/$clock"].keys() == {"post"}


def test_health_and_metrics_are_described() -> None:
    assert {"/health/live", "/health/ready", "/metrics"} <= WHOLE["paths"].keys()


def test_a_service_describes_its_own_types_only() -> None:
    plan = openapi(definition("plan"), version="1.2.3")

    assert "/fhir/CarePlan" in plan["paths"]
    assert "/fhir/Patient" not in plan["paths"]
    assert "/fhir" not in plan["paths"]
