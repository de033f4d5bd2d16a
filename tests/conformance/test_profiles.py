"""R4's own profiles and extensions hold for its examples, by snapshot and by differential alike."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from shared.fhir.fhirpath import Node, root_node
from shared.fhir.fhirpath.navigation import children
from shared.fhir.profiles import validate_claims, validate_profile
from shared.fhir.profiles.check import Check
from shared.fhir.reader import read
from tests.conformance.test_examples import PACKAGE, examples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.fhir.profiles.tree import FindProfile
    from shared.fhir.reader import JsonObject

pytestmark = pytest.mark.skipif(
    not PACKAGE.exists(), reason="var/examples/package is absent: run make examples"
)
FHIR = "http://hl7.org/fhir/StructureDefinition"
DEFINITIONS = ("CodeSystem", "SearchParameter", "StructureDefinition", "ValueSet")


@cache
def definitions() -> dict[str, JsonObject]:
    found = (read(path.read_bytes()) for path in PACKAGE.glob("StructureDefinition-*.json"))
    return {each["url"]: each for each in found}


def by_snapshot(url: str) -> JsonObject | None:
    return definitions().get(url.partition("|")[0])


def by_differential(url: str) -> JsonObject | None:
    found = by_snapshot(url)
    if found is None or found.get("derivation") != "constraint":
        return found
    return {name: value for name, value in found.items() if name != "snapshot"}


def clinical() -> Iterator[JsonObject]:
    for path in examples():
        if not path.name.startswith(DEFINITIONS) and path.stat().st_size < 60_000:
            yield read(path.read_bytes())


def extensions(node: Node) -> Iterator[Node]:
    if node.type == "Extension" and type(node.value) is dict:
        yield node
    for child in children(node):
        yield from extensions(child)


FINDERS = pytest.mark.parametrize("find", [by_snapshot, by_differential])


@FINDERS
def test_examples_keep_the_profiles_they_claim(find: FindProfile) -> None:
    claiming = [each for each in clinical() if each.get("meta", {}).get("profile")]

    assert len(claiming) > 10
    for resource in claiming:
        assert [each for each in validate_claims(resource, find) if each.code != "not-found"] == []


@FINDERS
def test_examples_use_extensions_as_they_are_defined(find: FindProfile) -> None:
    count = 0
    for resource in clinical():
        root = root_node(resource)
        for node in extensions(root):
            definition = find(node.value["url"])
            if definition is not None:
                count += 1
                check = Check(root, find)
                check.profile(definition, node)
                assert check.issues == []

    assert count > 200


def faults(example: str, name: str, find: FindProfile) -> list[tuple[str, str | None]]:
    definition = find(f"{FHIR}/{name}")
    assert definition is not None
    resource: dict[str, Any] = read((PACKAGE / f"Observation-{example}.json").read_bytes())
    found = validate_profile(resource, definition, find)
    return [(each.code, each.expression) for each in found if each.severity == "error"]


@FINDERS
@pytest.mark.parametrize(
    ("example", "name"),
    [
        ("blood-pressure", "bp"),
        ("body-height", "bodyheight"),
        ("body-temperature", "bodytemp"),
        ("bmi", "bmi"),
        ("example", "bodyweight"),
        ("heart-rate", "heartrate"),
        ("respiratory-rate", "resprate"),
    ],
)
def test_a_vital_sign_keeps_its_profile(example: str, name: str, find: FindProfile) -> None:
    assert faults(example, name, find) == []


@FINDERS
def test_a_vital_sign_breaks_the_profile_of_another(find: FindProfile) -> None:
    assert faults("body-height", "bodyweight", find) == [
        ("required", "Observation.code"),
        # A height has no unit of weight.
        ("code-invalid", "Observation.value.code"),
    ]
    assert faults("heart-rate", "bp", find) == [
        ("required", "Observation.code"),
        ("structure", "Observation.value"),
        ("required", "Observation"),
        ("required", "Observation"),
        ("required", "Observation"),
    ]
