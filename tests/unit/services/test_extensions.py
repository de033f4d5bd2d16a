"""Every extension of ours that is written is defined, and its definition is published."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from services.cli.programs import DEFINITIONS
from services.plan_api.domain.activities import Template
from services.plan_api.domain.preferences import Preferences
from services.plan_api.templates import TEMPLATES
from shared.care.canonical import profile
from shared.fhir.validation import validate
from tests.unit.services.test_applied_plan import BY_ADDRESS, application, applied
from tests.unit.services.test_goal_changes import proposed

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
# What names a StructureDefinition of ours by its first argument.
NAMING = {"profile", "extension", "told", "_is_said"}
PUBLISHED = [
    resource
    for definition in DEFINITIONS
    for resource in (*definition.library, *definition.profiles)
]
DEFINED = {
    str(each["url"]): each for each in PUBLISHED if each["resourceType"] == "StructureDefinition"
}
EXTENSIONS = [each for each in DEFINED.values() if each["type"] == "Extension"]


def named_in_the_code() -> Iterator[tuple[str, str]]:
    """Name the StructureDefinitions that the code names, each with its file."""
    for folder in ("services", "shared"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and _is_naming(node):
                    [first, *_] = node.args
                    if isinstance(first, ast.Constant) and isinstance(first.value, str):
                        yield first.value, str(path.relative_to(ROOT))


def _is_naming(call: ast.Call) -> bool:
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    return name in NAMING and bool(call.args)


def extensions_in(tree: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401
    """Find every extension of ours in a resource."""
    if isinstance(tree, list):
        for each in tree:
            yield from extensions_in(each)
    elif isinstance(tree, dict):
        for each in tree.get("extension", ()):
            if str(each["url"]).startswith(profile("")):
                yield each
        for value in tree.values():
            yield from extensions_in(value)


def test_each_extension_that_the_code_names_is_defined() -> None:
    named = set(named_in_the_code())

    assert {"plan-change", "not-satisfied", "capacity"} <= {name for name, _ in named}
    assert {(name, path) for name, path in named if profile(name) not in DEFINED} == set()


@pytest.mark.parametrize("resource", PUBLISHED, ids=lambda each: str(each["id"]))
def test_what_is_published_has_only_extensions_that_are_defined(resource: dict[str, Any]) -> None:
    assert [e["url"] for e in extensions_in(resource) if not is_as_defined(e)] == []


def test_what_a_plan_and_a_proposal_say_is_defined() -> None:
    wishes = Preferences({"session-time": ["evening"], "telehealth": [True]})
    template = Template(TEMPLATES[0], "PlanDefinition/x/_history/1", BY_ADDRESS)
    [plan] = applied(application(preferences=wishes), template)["CarePlan"]

    found = list(extensions_in([plan, proposed(("changed", "ended", "kept"), 1)]))

    assert [each["url"] for each in found if not is_as_defined(each)] == []
    told = {each["url"] for each in found}
    assert told >= set(map(profile, ("plan-change", "not-satisfied", "preference")))


@pytest.mark.parametrize("extension", EXTENSIONS, ids=lambda each: str(each["id"]))
def test_an_extension_is_defined_whole(extension: dict[str, Any]) -> None:
    assert validate(extension) == []
    assert extension["url"] == profile(extension["id"])
    assert extension["context"]
    elements = {each["path"]: each for each in extension["differential"]["element"]}
    assert elements["Extension.url"]["fixedUri"] == extension["url"]


def is_as_defined(extension: dict[str, Any]) -> bool:
    """Tell whether an extension has the value and the parts that its definition names."""
    definition = DEFINED.get(extension["url"])
    if definition is None:
        return False
    elements = {each["id"]: each for each in definition["differential"]["element"]}
    parts = {each["url"]: each for each in extension.get("extension", ())}
    slices = {e["sliceName"]: e["min"] for e in elements.values() if "sliceName" in e}
    needed = {name for name, least in slices.items() if least}
    return (
        parts.keys() <= slices.keys()
        and needed <= parts.keys()
        and _has_type(extension, elements["Extension.value[x]"])
        and all(
            _has_type(each, elements[f"Extension.extension:{name}.value[x]"])
            for name, each in parts.items()
        )
    )


def _has_type(extension: dict[str, Any], element: dict[str, Any]) -> bool:
    allowed = {f"value{e['code'][0].upper()}{e['code'][1:]}" for e in element.get("type", ())}
    given = {name for name in extension if name.startswith("value")}
    return given <= allowed and (bool(given) or not element.get("min"))
