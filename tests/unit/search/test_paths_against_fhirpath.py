"""The paths select what another implementation of FHIRPath selects, on the official examples."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from decimal import Decimal
from functools import cache
from pathlib import Path as File
from typing import TYPE_CHECKING, Any

import fhirpathpy
import pytest
from fhirpathpy.engine.nodes import TypeInfo
from fhirpathpy.models import models

from shared.fhir.definitions import RESOURCE_TYPES, search_parameters
from shared.fhir.search.parameters import Parameter, served_parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shared.fhir.search.expression import Path

    Evaluate = Callable[[Mapping[str, Any], Mapping[str, Any] | None], list[Any]]

PACKAGE = File(__file__).parents[3] / "var/examples/package"
# It cannot resolve a reference, and takes the value of an extension only when told to.
NOT_COMPARED = re.compile(r"resolve\(\)|extension\(|hasExtension|exists\(\) and")
LARGEST = 30_000

pytestmark = pytest.mark.skipif(
    not PACKAGE.exists(), reason="var/examples/package is absent: run make examples"
)


@cache
def smallest() -> dict[str, list[File]]:
    found = defaultdict(list)
    for file in sorted(PACKAGE.glob("*-*.json"), key=lambda each: (each.stat().st_size, each.name)):
        if file.stat().st_size < LARGEST:
            found[file.name.partition("-")[0]].append(file)
    return found


@cache
def compiled(expression: str) -> Evaluate:
    # It knows no abstract root; and `as`, read by the letter, fails where there are several values.
    expression = re.sub(r"\b(Domain)?Resource\.", "", expression)
    filtering = re.sub(r"\((\S+) as (\w+)\)", r"\1.ofType(\2)", expression)
    text = re.sub(r"\.as\((\w+)\)", r".ofType(\1)", filtering)
    found: Evaluate = fhirpathpy.compile(text, models["r4"])
    return found


def selected(path: Path, resource: dict[str, Any]) -> list[Any]:
    values: list[Any] = [resource]
    for step in path.steps:
        inner = []
        for value in values:
            child = value.get(step.key)
            for place, each in enumerate(child if isinstance(child, list) else [child]):
                if each is not None and (
                    step.condition is None or step.condition.holds(each, place, resource)
                ):
                    inner.append(each)
        values = inner
    return values


def same(parameter: Parameter, expression: str, resource: dict[str, Any]) -> bool:
    ours = [value for path in parameter.paths for value in selected(path, resource)]
    theirs = compiled(expression)(resource, None)
    # A union names a value once.
    return set(map(shown, ours)) == set(map(shown, theirs))


def shown(value: object) -> str:
    """Show a value, and a number by its digits: it makes decimals of them."""
    return str(value) if isinstance(value, float | Decimal) else repr(value)


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget by which model another test asked last, which is kept for the whole process."""
    monkeypatch.setattr(TypeInfo, "model", None)


@pytest.mark.parametrize("resource_type", RESOURCE_TYPES)
def test_paths_select_what_fhirpath_selects(resource_type: str) -> None:
    files = smallest()[resource_type]
    for file in {*files[:2], *files[-3:]}:
        resource = json.loads(file.read_text())
        for code, parameter in served_parameters(resource_type).items():
            expression = search_parameters(resource_type)[code].expression
            if not NOT_COMPARED.search(expression):
                assert same(parameter, expression, resource), (file.name, code)
