"""docs/fhir.md keeps up with what is served: its interactions, operations and addresses."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from services.cli.programs import DEFINITIONS
from shared.fhir.errors import FhirError
from shared.server.capabilities import capability_statement
from shared.server.operations.everywhere import with_engine_operations
from shared.server.routing import route

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "fhir.md").read_text()
OPERATIONS = PAGE + (DOCS / "operations.md").read_text()
ADDRESS = re.compile(r"\b(GET|HEAD|POST|PUT|PATCH|DELETE) (?:/\w+)?/fhir(?:/([^\s`?]*))?")
SERVED = tuple(with_engine_operations(each, is_open=True) for each in DEFINITIONS)
# What the specification calls an interaction, as the page says it.
SAID = {
    "vread": r"\bvread\b",
    "search-type": r"GET /fhir/Patient\?",
    "search-system": r"GET /fhir\?_type=",
    "history-instance": r"GET /fhir/Patient/\{id\}/_history`",
    "history-type": r"GET /fhir/Patient/_history`",
    "history-system": r"GET /fhir/_history`",
}


def statement() -> dict[str, Any]:
    stated = capability_statement(*SERVED, base="http://here/fhir", software_version="1")
    rest: dict[str, Any] = stated["rest"][0]
    return rest


def test_every_interaction_that_is_served_is_told() -> None:
    rest = statement()
    served = {each["code"] for each in rest["interaction"]}
    for resource in rest["resource"]:
        served |= {each["code"] for each in resource.get("interaction", ())}

    assert {"read", "patch", "transaction"} <= served
    for code in served:
        assert re.search(SAID.get(code, rf"\b{code}\b"), PAGE), code


def test_every_operation_that_is_served_is_told() -> None:
    rest = statement()
    served = {each["name"] for each in rest["operation"]}
    for resource in rest["resource"]:
        served |= {each["name"] for each in resource.get("operation", ())}

    assert "validate" in served
    for name in served:
        assert re.search(rf"\${name}\b(?!-)", OPERATIONS), name


def test_every_operation_that_is_told_is_served() -> None:
    served = {(each.code, each.level) for one in SERVED for each in one.operations}
    for method, path in ADDRESS.findall(PAGE):
        interaction, found = route(method, path.replace("{id}", "x"))
        if interaction == "operation":
            level = "instance" if "id" in found else "type" if "type" in found else "system"
            assert (found["operation"], level) in served, path


@pytest.mark.parametrize(("method", "path"), sorted(set(ADDRESS.findall(PAGE))))
def test_every_address_that_is_told_is_served(method: str, path: str) -> None:
    assert route(method, path.replace("{id}", "x"))


@pytest.mark.parametrize(("method", "path"), [("GET", "Patients/x"), ("POST", "Patient/x")])
def test_another_address_would_be_found_out(method: str, path: str) -> None:
    with pytest.raises(FhirError):
        route(method, path)
